import numpy as np
import pytest

from rmexp.analysis.agreement import agreement
from rmexp.analysis.calibration import calibration
from rmexp.analysis.compared import compare_pairs, nll_at
from rmexp.analysis.pair_set import pair_set
from rmexp.records import Preference


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(0)
    records = [
        Preference(f"Q{i}", "a" * (1 + i % 7), "b" * (1 + i % 5), target=float(i % 9 != 0), meta={"topic": "xy"[i % 2]})
        for i in range(120)
    ]
    pairs = pair_set("d", "val", records, group=None, fields=["meta.topic"], bins=None)
    return pairs, rng.normal((0.5, 0), size=(120, 2)), rng.normal((3, 0), 4, size=(120, 2))


def test_every_slice_has_the_figures_of_its_own_pairs(made):
    pairs, explicit, implicit = made
    found = {part.slice: part for part in compare_pairs(pairs, explicit, implicit, draws=200, seed=0)}
    assert next(iter(found)) is None
    assert {"meta.topic=x", "meta.topic=y", "length=matched"} <= set(found)
    for name, part in found.items():
        inside = pairs.slices[name]
        assert part.agreement == agreement(explicit[inside], implicit[inside], pairs.target[inside])
        expected = calibration((explicit[:, 0] - explicit[:, 1])[inside], pairs.target[inside]).temperature
        assert part.explicit["temperature"] == (expected if expected is None else pytest.approx(expected, rel=1e-5))
        difference = part.explicit["accuracy"] - part.implicit["accuracy"]
        assert part.paired["difference"] == pytest.approx(difference)
        assert part.paired["bootstrap_p_holm"] >= part.paired["bootstrap_p"]


def test_log_loss_at_a_temperature_fitted_elsewhere():
    # a margin of 2 at temperature 2 has the odds e to 1
    scores, target = np.array([[2.0, 0.0]]), np.array([1.0])
    assert nll_at(scores, target, 2.0) == pytest.approx(np.log(1 + np.exp(-1)))
    assert nll_at(scores, target, None) is None
    assert nll_at(scores[:0], target[:0], 2.0) is None
