import numpy as np
import pytest

from rmexp.comparison.policies import PolicyResult, verdict, win_rate
from rmexp.runs.rows import to_row


def slowly(scores, others):
    return np.mean([1.0 if a > b else 0.5 if a == b else 0.0 for a in scores for b in others])


def test_a_slow_reference_with_ties():
    rng = np.random.default_rng(0)
    scores, others = rng.integers(0, 5, 30).astype(float), rng.integers(0, 5, 20).astype(float)
    assert win_rate(scores, others) == pytest.approx(slowly(scores, others))
    assert win_rate(scores, others) + win_rate(others, scores) == pytest.approx(1)


def test_a_policy_against_itself_neither_wins_nor_gains():
    scores = [np.array([1.0, 2.0, 3.0]), np.array([4.0, 4.0])]
    found = verdict(scores, scores)
    assert (found.gain, found.wins) == (0.0, 0.5)


def test_numbers_derived_by_hand():
    # 3 beats 1 and 2 always; 0 beats neither of them but ties with none: 1 and 0 are the prompts' win rates
    found = verdict([np.array([3.0]), np.array([0.0])], [np.array([1.0]), np.array([2.0])])
    assert (found.mean, found.wins) == (1.5, 0.5)
    assert found.gain == pytest.approx(0.0)
    assert found.low < 0.5 < found.high
    better = verdict([np.array([4.0]), np.array([5.0])], [np.array([1.0]), np.array([2.0])])
    assert better.gain == pytest.approx(3 / np.sqrt(0.5))
    assert (better.wins, better.high) == (1.0, 1.0)
    assert better.low == pytest.approx(0.025 ** (1 / 2)), "two of two, as Clopper and Pearson have it"


def test_scores_that_are_all_the_same_have_no_deviation_to_gain_in():
    assert verdict([np.array([2.0])], [np.array([1.0, 1.0])]).gain == 0.0
    assert verdict([np.array([2.0])], [np.array([1.0])]).gain == 0.0
    assert verdict([np.array([2.0])], [np.full(10, 0.1)]).gain == 0.0, "which rounding is not"


def test_a_row_for_the_summary():
    found = verdict([np.array([2.0])], [np.array([1.0, 0.0])])
    row = to_row(PolicyResult("dpo", 1, 0, 0, 0, 0.5, 3.0, None, {"gold": found}))
    assert row["verdicts"]["gold"]["wins"] == 1.0
    assert row["verdicts"]["gold"]["low"] is None
