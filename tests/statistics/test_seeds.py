import numpy as np
import pytest
from scipy import stats

from rmexp.statistics.seeds import over_seeds, seed_difference

FIRST, SECOND = [0.71, 0.74, 0.69], [0.78, 0.77, 0.79, 0.80]


def test_mean_and_interval_are_those_of_scipy():
    found = over_seeds(FIRST)
    interval = stats.ttest_1samp(FIRST, 0).confidence_interval()
    assert (found.mean, found.sd) == (pytest.approx(np.mean(FIRST)), pytest.approx(np.std(FIRST, ddof=1)))
    assert (found.low, found.high) == pytest.approx(tuple(interval))
    assert (found.n, found.lowest, found.highest) == (3, 0.69, 0.74)


def test_the_difference_is_welchs_test():
    found = seed_difference(FIRST, SECOND)
    reference = stats.ttest_ind(FIRST, SECOND, equal_var=False)
    assert found.p == pytest.approx(reference.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(reference.confidence_interval()))
    assert found.difference == pytest.approx(np.mean(FIRST) - np.mean(SECOND))


def test_one_seed_has_no_spread():
    assert (over_seeds([0.7]).sd, over_seeds([0.7]).low) == (None, None)
    assert seed_difference([0.7], SECOND).p is None
    assert seed_difference([0.7, 0.7], [0.8, 0.8]).p is None
