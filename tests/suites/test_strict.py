import numpy as np
import pytest

from rmexp.records import Preference
from rmexp.suites.judge_bench import judge_bench
from rmexp.suites.llmbar import llmbar
from rmexp.suites.ppe_preference import ppe_preference
from rmexp.suites.reward_bench import reward_bench
from rmexp.suites.reward_bench_2 import reward_bench_2
from rmexp.suites.rm_bench import rm_bench
from rmexp.suites.strict import mean_of, share_by, strictly_right


def test_equal_scores_and_labelled_ties_are_not_right():
    records = [Preference("p", "a", "b", target) for target in (1.0, 0.0, 1.0, 0.0, 0.5)]
    assert strictly_right(records, [(2, 1), (1, 2), (1, 1), (2, 1), (2, 1)]).tolist() == [True, True, *[False] * 3]
    assert not strictly_right(records[:1], [(1.0 + 1e-12, 1.0)])[0]  # equal in single precision


def test_shares_and_means():
    assert share_by("aab", np.array([True, False, True])) == {"a": 0.5, "b": 1.0}
    assert mean_of({"a": 0.5, "b": 1.0}, "ab") == 0.75
    assert mean_of({"a": 0.5, "b": None}, "ab") is None
    assert mean_of({}, "ab") is None


@pytest.mark.parametrize("suite", [judge_bench, llmbar, ppe_preference, reward_bench, reward_bench_2, rm_bench])
def test_of_no_pairs_a_benchmark_makes_no_figure(suite):
    """As where a scorer was trained on all of them, so that the headline leaves them out."""
    assert set(suite([], []).values()) == {None}
