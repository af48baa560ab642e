import numpy as np
import pytest
from scipy import stats

from rmexp.statistics.seeds import over_seeds, over_seeds_and_pairs, seed_difference
from rmexp.statistics.shares import clustered_share

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


@pytest.mark.parametrize("seeds", [2, 3, 7])
def test_equal_seeds_have_no_spread_by_rounding_either(seeds):
    """The mean of three times 0.7 is not 0.7 in floating point."""
    for figure in (0.1, 0.55, 0.7, 0.93):
        assert (over_seeds([figure] * seeds).sd, over_seeds([figure] * seeds).mean) == (0.0, figure)
        assert seed_difference([figure] * seeds, [0.7071] * seeds).p is None


def test_seeds_that_all_order_every_pair_have_the_interval_of_the_pairs():
    found = over_seeds_and_pairs(np.ones((2, 100)), np.arange(100))
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.025 ** (1 / 100), abs=1e-9)  # 100 of 100, by Clopper and Pearson
    assert found == clustered_share(np.ones(100), np.arange(100))


def test_one_seed_has_the_interval_of_its_pairs():
    credit, clusters = np.random.default_rng(0).binomial(1, 0.7, (1, 90)), np.repeat(np.arange(30), 3)
    assert over_seeds_and_pairs(credit, clusters) == clustered_share(credit[0], clusters)


def test_seeds_widen_it_by_what_their_variance_adds():
    """60 pairs that every seed treats alike but for the number it gets right: both parts of the variance by hand."""
    credit = np.stack([np.arange(60) < right for right in (30, 40, 50)]).astype(float)
    pairs, found = clustered_share(credit.mean(axis=0), np.arange(60)), over_seeds_and_pairs(credit, np.arange(60))
    seeds, cases = np.var([30 / 60, 40 / 60, 50 / 60], ddof=1) / 3, np.var(credit.mean(axis=0), ddof=1) / 60
    freedom = 2 * (1 + 0.1 * (cases / seeds) ** 2)
    added = stats.t.ppf(0.975, freedom) ** 2 * (seeds + cases) - stats.t.ppf(0.975, 59) ** 2 * cases
    assert found.value == pytest.approx(2 / 3)
    assert found.value - found.low == pytest.approx(np.sqrt((pairs.value - pairs.low) ** 2 + added))
    assert found.low < pairs.low < pairs.high < found.high
