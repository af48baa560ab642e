import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from rmexp.statistics.shares import clustered_share, wilson


def test_with_one_case_a_cluster_it_is_nearly_wilsons_interval():
    credit = np.repeat([1.0, 0.0], [600, 400])
    figure = clustered_share(credit, np.arange(1000))
    assert (figure.low, figure.high) == pytest.approx(wilson(600, 1000), abs=2e-4)


def test_the_variance_is_the_cluster_robust_one_of_statsmodels():
    rng = np.random.default_rng(1)
    clusters = rng.integers(0, 30, 400)
    credit = (rng.random(400) < rng.beta(3, 2, 30)[clusters]).astype(float)
    fit = sm.OLS(credit, np.ones(400)).fit(cov_type="cluster", cov_kwds={"groups": clusters})
    mean, variance = float(fit.params[0]), float(fit.cov_params()[0, 0])
    independent = mean * (1 - mean) / variance * (stats.norm.ppf(0.975) / stats.t.ppf(0.975, 29)) ** 2
    figure = clustered_share(credit, clusters)
    assert figure.value == pytest.approx(mean)
    assert (figure.low, figure.high) == pytest.approx(wilson(mean * independent, independent), rel=1e-9)


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
