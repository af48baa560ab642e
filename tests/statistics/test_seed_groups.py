import pytest
from scipy import stats

from rmexp.statistics.seed_groups import seed_rows

WHERE = {"data": "d", "split": "s", "slice": None}
ACCURACY = {"a0": 0.7, "a1": 0.72, "b0": 0.8, "b1": 0.83, "other": 0.5}
RESULTS = [{"scorer": name, **WHERE, "accuracy": value, "nll": None} for name, value in ACCURACY.items()]


def test_methods_and_their_difference():
    first, second, both = seed_rows(RESULTS, {"a": ["a0", "a1"], "b": ["b0", "b1"]}, list(ACCURACY))
    assert (first["method"], first["against"], first["mean"], first["n"]) == ("a", None, pytest.approx(0.71), 2)
    assert (second["method"], second["highest"]) == ("b", 0.83)
    assert (both["method"], both["against"]) == ("a", "b")
    assert both["p"] == pytest.approx(stats.ttest_ind([0.7, 0.72], [0.8, 0.83], equal_var=False).pvalue)


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
