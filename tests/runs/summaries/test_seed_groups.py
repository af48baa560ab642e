import pytest
from scipy import stats

from rmexp.runs.rows import from_row, to_row
from rmexp.runs.summaries.result import Result
from rmexp.runs.summaries.seed_groups import MethodFigure, seed_rows

ACCURACY = {"a0": 0.7, "a1": 0.72, "b0": 0.8, "b1": 0.83, "other": 0.5}
ROW = {"data": "d", "split": "s", "slice": None, "n": 10, "accuracy_low": None, "accuracy_high": None, "nll": None}
RESULTS = [from_row(Result, {**ROW, "scorer": name, "accuracy": value}) for name, value in ACCURACY.items()]


def test_methods_and_their_difference():
    first, second, both = seed_rows(RESULTS, {"a": ["a0", "a1"], "b": ["b0", "b1"]}, list(ACCURACY))
    assert (first.method, first.against, first.seeds.mean, first.seeds.n) == ("a", None, pytest.approx(0.71), 2)
    assert (second.method, second.seeds.highest) == ("b", 0.83)
    assert (both.method, both.against, both.seeds) == ("a", "b", None)
    assert both.welch.p == pytest.approx(stats.ttest_ind([0.7, 0.72], [0.8, 0.83], equal_var=False).pvalue)


def test_the_keys_of_evaluation_json():
    first, _, both = map(to_row, seed_rows(RESULTS, {"a": ["a0", "a1"], "b": ["b0", "b1"]}, list(ACCURACY)))
    where = ["data", "split", "slice", "figure", "method", "against"]
    assert list(first) == [*where, "scorers", "n", "mean", "sd", "low", "high", "lowest", "highest"]
    assert list(both) == [*where, "difference", "low", "high", "p"]
    assert to_row(from_row(MethodFigure, first)) == first
    assert to_row(from_row(MethodFigure, both)) == both


def test_no_methods_no_rows():
    assert seed_rows(RESULTS, {}, list(ACCURACY)) == []


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"a": []}, r"seeds.a must be a list of names"),
        ({"a": ["a0", "c"]}, "seeds.a names c, but the scorers are a0, a1"),
    ],
)
def test_wrong_names_are_told(groups, message):
    with pytest.raises(ValueError, match=message):
        seed_rows(RESULTS, groups, list(ACCURACY))
