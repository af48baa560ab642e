import numpy as np
import pytest
from scipy import stats

from rmexp.comparison.agreement import agreement
from rmexp.comparison.compared import compare_pairs, nll_at
from rmexp.evaluation.measures.calibration import calibration
from rmexp.evaluation.scores import Scores
from rmexp.evaluation.slices import Slicing
from rmexp.evaluation.test_set import Origin, as_test_set
from rmexp.records import Preference
from rmexp.statistics.shares import share


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(0)
    records = [
        Preference(f"Q{i}", "a" * (1 + i % 7), "b" * (1 + i % 5), target=float(i % 9 != 0), meta={"topic": "xy"[i % 2]})
        for i in range(120)
    ]
    pairs = as_test_set(Origin("d", "val"), records, Slicing(["meta.topic"], by_length=True))
    return pairs, rng.normal((0.5, 0), size=(120, 2)), rng.normal((3, 0), 4, size=(120, 2))


def column(values):
    return Scores(values, log_odds=True)


def test_every_slice_has_the_figures_of_its_own_pairs(made):
    pairs, explicit, implicit = made
    found = {part.slice: part for part in compare_pairs(pairs, column(explicit), column(implicit))}
    assert next(iter(found)) is None
    assert {"meta.topic=x", "meta.topic=y", "length=matched"} <= set(found)
    for name, part in found.items():
        inside = pairs.slices[name]
        assert part.agreement == agreement(explicit[inside], implicit[inside], pairs.target[inside])
        expected = calibration((explicit[:, 0] - explicit[:, 1])[inside], pairs.target[inside]).temperature
        assert part.temperatures[0] == (expected if expected is None else pytest.approx(expected, rel=1e-5))
        difference = part.explicit.accuracy.value - part.implicit.accuracy.value
        assert part.paired.difference.value == pytest.approx(difference)
        assert part.paired.p_holm is None or part.paired.p_holm >= part.paired.difference.p
        row = part.to_row()
        assert row["explicit"]["accuracy"] == part.explicit.accuracy.value
        assert row["paired"]["difference"] == part.paired.difference.value


def test_pairs_of_one_prompt_are_not_taken_for_independent():
    records = [Preference(f"Q{i // 3}", f"good {i}", f"bad {i}") for i in range(60)]  # three pairs a prompt
    values = np.where((np.arange(60) // 3 % 4 == 0)[:, None], [0.0, 1.0], [1.0, 0.0])  # all three right, or none
    whole = compare_pairs(as_test_set(Origin("d", "val"), records), column(values), column(values[:, ::-1]))[0]
    alone = share(15, 20)  # a prompt at a time they are 20 cases
    assert (whole.explicit.accuracy.low, whole.explicit.accuracy.high) == (
        pytest.approx(alone.low, abs=0.03),
        pytest.approx(alone.high, abs=0.03),
    )
    assert whole.agreement.mcnemar_p is None
    each = compare_pairs(as_test_set(Origin("d", "val"), records[::3]), column(values[::3]), column(values[::3, ::-1]))
    assert each[0].agreement.mcnemar_p == pytest.approx(stats.binomtest(5, 20).pvalue)


def test_log_loss_at_a_temperature_fitted_elsewhere():
    # a margin of 2 at temperature 2 has the odds e to 1
    scores, target = np.array([[2.0, 0.0]]), np.array([1.0])
    assert nll_at(column(scores), target, 2.0) == pytest.approx(np.log(1 + np.exp(-1)))
    assert nll_at(column(scores), target, None) is None
    assert nll_at(column(scores[:0]), target[:0], 2.0) is None
