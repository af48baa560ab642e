import pytest

from rmexp.data.rules import check_baselines, rule, rule_scores
from rmexp.records import Candidates, Message, Preference


def test_numbers_of_pairs_and_lists():
    records = [Preference("p", "aaa", "b"), Candidates((Message("user", "is it"),), ("it is", "no", "it"))]
    assert rule_scores("shorter", records, 0) == [(-3, -1), (-5, -2, -2)]
    overlap = rule_scores("prompt_overlap", records[1:], 0)  # of `user is it`
    assert overlap == [(pytest.approx(2 / 3), 0.0, pytest.approx(1 / 3))]


def test_the_coin_does_not_depend_on_the_company():
    coin, other = rule("random", 0), rule("random", 1)
    assert coin("p", "a") == coin("p", "a") != other("p", "a")
    drawn = [coin("p", str(number)) for number in range(4000)]
    assert min(drawn) >= 0
    assert max(drawn) < 1
    assert sum(drawn) / 4000 == pytest.approx(0.5, abs=0.02)  # 0.0046 is the standard error


def test_an_unknown_baseline_is_told():
    check_baselines(["first_token", "json", "random"])
    with pytest.raises(ValueError, match=r"baselines must be among longer, .*, got longest"):
        check_baselines(["longest"])
