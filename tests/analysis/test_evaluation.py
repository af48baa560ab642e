import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from rmexp.analysis.accuracy import pairwise_accuracy
from rmexp.analysis.calibration import calibration
from rmexp.analysis.evaluation import evaluate_pairs
from rmexp.analysis.held_out import held_out
from rmexp.analysis.pair_set import pair_set
from rmexp.records import Preference


@pytest.fixture(scope="module")
def sample():
    """200 pairs of 80 prompts in four parts; one scorer that knows something, one that knows less, and a rule."""
    rng = np.random.default_rng(0)
    target = rng.choice([0.0, 0.5, 1.0], 200, p=[0.4, 0.1, 0.5])
    records = [
        Preference(f"p{i % 80}", "x" * int(rng.integers(1, 50)) + "a", "y" * int(rng.integers(1, 50)), t,
                   meta={"part": "abcd"[i % 4]})
        for i, t in enumerate(target.tolist())
    ]  # fmt: skip
    towards = np.stack([target - 0.5, 0.5 - target], axis=1)
    scores = {"good": 2 * towards + rng.normal(size=(200, 2)), "weak": rng.normal(size=(200, 2)).round(0)}
    scores["longer"] = np.array([[len(record.chosen), len(record.rejected)] for record in records], dtype=float)
    pairs = pair_set("set", "val", records, group=None, fields=["meta.part"], bins=None)
    return pairs, scores, evaluate_pairs(pairs, scores, rules=["longer"], draws=400, seed=0)


def row(rows, **wanted):
    (found,) = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return found


@pytest.mark.parametrize("part", [None, "meta.part=b", "length=shorter_chosen"])
@pytest.mark.parametrize("name", ["good", "weak"])
def test_a_slice_has_the_figures_of_its_pairs_alone(sample, name, part):
    pairs, scores, evaluated = sample
    found = row(evaluated.results, scorer=name, slice=part)
    inside = pairs.slices[part]
    alone, target = scores[name][inside], pairs.target[inside]
    margins = alone.astype(np.float32)[:, 0].astype(float) - alone.astype(np.float32)[:, 1]
    expected = held_out(alone, target).to_row() | calibration(margins, target).to_row()
    assert {key: found[key] for key in expected} == pytest.approx(expected, nan_ok=True)
    assert found["clusters"] == len(set(pairs.clusters[inside].tolist()))
    assert found["accuracy_bootstrap_low"] < found["accuracy"] < found["accuracy_bootstrap_high"]
    assert found["nll_low"] < found["nll"] < found["nll_high"]


def test_a_rule_has_no_probabilities(sample):
    pairs, scores, evaluated = sample
    found = row(evaluated.results, scorer="longer", slice=None)
    assert found["baseline"]
    assert found["accuracy"] == pairwise_accuracy(scores["longer"], pairs.target).accuracy
    assert [found[key] for key in ("nll", "brier", "ece", "temperature", "usable_bits", "nll_low")] == [None] * 6
    shorter = row(evaluated.results, scorer="longer", slice="length=shorter_chosen")
    assert shorter["accuracy"] == 0.0
    assert shorter["accuracy_bootstrap_high"] is None  # all draws are equal: they know nothing of the uncertainty
    assert shorter["accuracy_high"] > 0


def test_each_two_scorers_are_compared_and_each_with_the_rule(sample):
    _, _, evaluated = sample
    assert {(r["first"], r["second"]) for r in evaluated.comparisons} == {
        ("good", "weak"), ("good", "longer"), ("weak", "longer"),
    }  # fmt: skip
    whole = row(evaluated.comparisons, first="good", second="weak", slice=None)
    good, weak = (row(evaluated.results, scorer=name, slice=None) for name in ("good", "weak"))
    assert whole["difference"] == pytest.approx(good["accuracy"] - weak["accuracy"])
    assert whole["difference_low"] < whole["difference"] < whole["difference_high"]
    assert whole["nll_difference"] == pytest.approx(good["nll"] - weak["nll"])
    assert row(evaluated.comparisons, first="good", second="longer", slice=None)["nll_difference"] is None


def test_p_values_are_adjusted_over_the_slices_of_two_scorers(sample):
    _, _, evaluated = sample
    rows = [r for r in evaluated.comparisons if (r["first"], r["second"]) == ("good", "weak")]
    expected = multipletests([r["mcnemar_p"] for r in rows], method="holm")[1]
    assert [r["mcnemar_p_holm"] for r in rows] == pytest.approx(expected.tolist())


def test_equal_arguments_give_equal_figures(sample):
    pairs, scores, evaluated = sample
    assert evaluate_pairs(pairs, scores, rules=["longer"], draws=400, seed=0) == evaluated


def test_scores_of_other_pairs_are_refused(sample):
    pairs, scores, _ = sample
    with pytest.raises(ValueError, match="expected scores of 200 pairs by weak, got 199"):
        evaluate_pairs(pairs, scores | {"weak": scores["weak"][1:]}, rules=[], draws=10, seed=0)
