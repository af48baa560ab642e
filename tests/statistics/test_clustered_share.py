import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from rmexp.statistics.seeds import over_seeds_and_pairs
from rmexp.statistics.shares import clustered_share, wilson


def test_with_one_case_a_cluster_it_is_wilsons_interval():
    credit = np.repeat([1.0, 0.0], [600, 400])
    figure = clustered_share(credit, np.arange(1000))
    assert (figure.low, figure.high) == pytest.approx(wilson(600, 1000), abs=2e-5)  # the variance divides by n - 1


def test_the_ends_are_those_that_the_variance_of_statsmodels_says():
    """Wilson's ends solve (p - share)^2 = t^2 v p (1 - p) / (share (1 - share)), with v the variance of the share."""
    rng = np.random.default_rng(1)
    clusters = rng.integers(0, 30, 400)
    credit = (rng.random(400) < rng.beta(2, 2, 30)[clusters]).astype(float)
    fit = sm.OLS(credit, np.ones(400)).fit(cov_type="cluster", cov_kwds={"groups": clusters})
    mean, variance = float(fit.params[0]), float(fit.cov_params()[0, 0])
    figure = clustered_share(credit, clusters)
    assert figure.value == pytest.approx(mean)
    quantiles = [
        abs(end - mean) / np.sqrt(variance * end * (1 - end) / (mean * (1 - mean))) for end in (figure.low, figure.high)
    ]

    def log_effect(kept):
        apart = credit[kept] - mean
        return np.log(sum(apart[clusters[kept] == c].sum() ** 2 for c in range(30)) / (apart**2).sum())

    jackknife = [log_effect(clusters != c) for c in range(30)]
    freedom = 2 / (np.var(jackknife) * 29)
    assert quantiles == pytest.approx([stats.t.ppf(0.975, freedom)] * 2, rel=0.01)
    assert quantiles[0] == pytest.approx(quantiles[1], rel=1e-9)


def test_few_are_told_by_the_rarer_side():
    shares = [clustered_share(np.repeat([1.0, 0.0], split), np.arange(40)) for split in ((30, 10), (31, 9), (10, 30))]
    assert [share.few for share in shares] == [False, True, False]
    assert [share.clusters for share in shares] == [40, 40, 40]


def test_with_few_wrong_cases_of_one_each_it_lies_between_wilsons_and_the_exact_interval():
    figure = clustered_share(np.repeat([1.0, 0.0], [98, 2]), np.arange(100))
    exact = stats.binomtest(98, 100).proportion_ci(method="exact")
    assert exact.low - 1e-3 < figure.low < wilson(98, 100)[0]  # the variance divides by n - 1
    assert wilson(98, 100)[1] < figure.high < exact.high


def test_copies_of_a_case_add_nothing():
    credit, clusters = np.repeat([1.0, 0.0], [30, 20]), np.arange(50)
    alone = clustered_share(credit, clusters)
    copied = clustered_share(np.tile(credit, 9), np.tile(clusters, 9))
    assert copied.n == 450
    assert (copied.low, copied.high) == pytest.approx((alone.low, alone.high))


def test_intervals_cover_the_truth_where_clusters_differ():
    rng = np.random.default_rng(0)
    covered = naive = 0
    for _ in range(300):
        shares = rng.beta(6, 4, size=25)  # mean 0.6
        clusters = np.repeat(np.arange(25), 40)
        credit = (rng.random(1000) < shares[clusters]).astype(float)
        figure = clustered_share(credit, clusters)
        low, high = wilson(credit.sum(), 1000)
        covered += figure.low <= 0.6 <= figure.high
        naive += low <= 0.6 <= high
    assert 0.91 <= covered / 300 <= 0.99
    assert naive / 300 < 0.75


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_without_any_spread_the_clusters_are_the_cases(value):
    figure = clustered_share(np.full(400, value), np.repeat(np.arange(10), 40))
    assert figure.value == value
    assert 0.25 < figure.high - figure.low < 0.4  # as for ten cases, with Student's t


def test_what_cannot_be_said():
    assert clustered_share([], np.array([])).value is None
    one = clustered_share([1.0, 0.0], np.zeros(2))
    assert (one.n, one.value, one.low, one.high) == (2, 0.5, None, None)


def test_cases_that_are_ties_alone_have_no_interval():
    ties = clustered_share(np.full(200, 0.5), np.arange(200))
    assert (ties.n, ties.value, ties.low, ties.high, ties.clusters, ties.few) == (200, 0.5, None, None, 200, False)
    decided = clustered_share(np.append(np.full(199, 0.5), 1.0), np.arange(200))
    assert decided.low is not None


def test_seeds_that_contradict_each_other_are_no_ties():
    assert over_seeds_and_pairs([np.ones(50), np.zeros(50)], np.arange(50)).low is not None
    assert over_seeds_and_pairs(np.full((2, 50), 0.5), np.arange(50)).low is None
