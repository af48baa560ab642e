import numpy as np
import pytest

from rmexp.evaluation.figures import Figures
from rmexp.evaluation.judge import judge
from rmexp.evaluation.paired import Paired
from rmexp.evaluation.scores import Scores, scores_of
from rmexp.evaluation.test_set import Origin, as_test_set
from rmexp.records import Candidates, Preference

TODAY = {
    "scorer", "data", "split", "slice", "records", "baseline", "n", "label_ties", "accuracy", "accuracy_low",
    "accuracy_high", "tie_rate", "nll", "usable_bits", "usable_bits_low", "usable_bits_high", "clusters",
    "accuracy_bootstrap_low", "accuracy_bootstrap_high", "nll_low", "nll_high", "brier_low", "brier_high", "brier",
    "ece", "ece_if_calibrated", "calibration_z", "calibration_p", "temperature", "nll_at_temperature",
    "bayes_accuracy", "bayes_nll", "against_truth", "margin_mean", "margin_sd", "margin_quantiles", "slopes",
}  # fmt: skip
OF_TWO = {
    "first", "second", "data", "split", "slice", "n", "both_right", "both_wrong", "first_alone", "second_alone",
    "difference", "difference_low", "difference_high", "bootstrap_p", "mcnemar_p", "nll_difference",
    "nll_difference_low", "nll_difference_high", "mcnemar_p_holm", "bootstrap_p_holm",
}  # fmt: skip


@pytest.fixture(scope="module")
def judgement():
    rng = np.random.default_rng(0)
    records = [
        Preference(f"p{i % 20}", "a" * (i % 7 + 1), "b", float(i % 3 > 0), meta={"true_probability": 0.3 + 0.01 * i})
        for i in range(60)
    ]
    scores = {name: Scores(rng.normal(size=(60, 2)), log_odds=True) for name in ("one", "two")}
    scores["rule"] = Scores(rng.normal(size=(60, 2)), log_odds=False, rule=True)
    return judge(as_test_set(Origin("d", "s"), records), scores)


def test_rows_have_the_keys_that_readers_know(judgement):
    assert set(judgement.result_rows()[0]) >= TODAY
    assert set(judgement.comparison_rows()[0]) >= OF_TWO
    row = judgement.result_rows()[0]
    assert [row["accuracy_bootstrap_low"], row["accuracy_bootstrap_high"]] == [
        row["accuracy_low"],
        row["accuracy_high"],
    ]
    assert (row["data"], row["split"]) == ("d", "s")


def test_rows_are_read_back(judgement):
    for row in judgement.result_rows():
        found = Figures.from_row(row)
        assert found.to_row() == {key: value for key, value in row.items() if key not in ("scorer", "data", "split")}
    for row in judgement.comparison_rows():
        assert {"first": row["first"], "second": row["second"], "data": "d", "split": "s",
                **Paired.from_row(row).to_row()} == row  # fmt: skip


def test_lists_are_read_back():
    lists = [Candidates(f"p{i}", ("a", "b"), (0.0, 1.0)) for i in range(3)]
    judgement = judge(as_test_set(Origin("d", "s"), lists), {"rm": scores_of([[0, 1]] * 3, log_odds=False)})
    (row,) = judgement.result_rows()
    assert Figures.from_row(row) == judgement.of("rm")


def test_rows_of_older_files_are_read():
    row = {"scorer": "explicit", "data": "d", "split": "val", "slice": None, "n": 10, "label_ties": 2, "accuracy": 0.5,
           "accuracy_low": 0.2, "accuracy_high": 0.8, "tie_rate": 0.0, "nll": 0.7, "usable_bits": -0.01}  # fmt: skip
    found = Figures.from_row(row)
    assert (found.accuracy.n, found.accuracy.low, found.probabilities.nll.value) == (8, 0.2, 0.7)
    assert (found.unscored, found.method, found.rule) == (0, "", False)
    two = {"first": "a", "second": "b", "slice": None, "n": 9, "both_right": 1, "both_wrong": 2, "first_alone": 3,
           "second_alone": 3, "difference": 0.0, "difference_low": -0.1, "difference_high": 0.1, "bootstrap_p": 0.9,
           "mcnemar_p": 1.0}  # fmt: skip
    assert (Paired.from_row(two).difference.p, Paired.from_row(two).nll_difference) == (0.9, None)
