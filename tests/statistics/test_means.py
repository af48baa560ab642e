import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from rmexp.statistics.means import clustered_difference, clustered_mean


def test_one_value_a_cluster_is_students_t():
    first, second = np.random.default_rng(0).normal([[0.3], [0.0]], 1.0, (2, 25))
    found, reference = clustered_difference(first, second, np.arange(25)), stats.ttest_rel(first, second)
    assert found.p == pytest.approx(reference.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(reference.confidence_interval()))
    mean = clustered_mean(first, np.arange(25))
    assert (mean.low, mean.high) == pytest.approx(tuple(stats.ttest_1samp(first, 0).confidence_interval()))
    assert (mean.p, mean.few, mean.clusters) == (None, False, 25)


def test_with_clusters_of_one_size_the_error_is_that_of_statsmodels():
    rng = np.random.default_rng(2)
    clusters = np.repeat(np.arange(15), 4)
    values = rng.normal(size=15)[clusters] + rng.normal(size=60)
    plain = sm.OLS(values, np.ones(60)).fit(cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False})
    reach = stats.t.ppf(0.975, 14) * float(plain.bse[0]) * np.sqrt(15 / 14)
    found = clustered_mean(values, clusters)
    assert (found.low, found.high) == pytest.approx((values.mean() - reach, values.mean() + reach))


def test_with_unequal_clusters_it_is_bell_and_mccaffreys_by_matrices():
    rng = np.random.default_rng(3)
    sizes = np.array([1, 1, 2, 3, 5, 8, 13, 21])
    clusters = np.repeat(np.arange(8), sizes)
    values = rng.normal(size=8)[clusters] + rng.normal(size=54)
    design, left = np.ones((54, 1)), np.eye(54) - np.full((54, 54), 1 / 54)
    columns = []
    for cluster in range(8):
        inside = clusters == cluster
        block = left[np.ix_(inside, inside)]
        eigenvalues, vectors = np.linalg.eigh(block)
        root = vectors @ np.diag(eigenvalues**-0.5) @ vectors.T
        columns.append(left[:, inside] @ root @ design[inside] / 54)
    pieces = np.hstack(columns)
    eigenvalues = np.linalg.eigvalsh(pieces.T @ pieces)
    freedom = eigenvalues.sum() ** 2 / (eigenvalues**2).sum()
    error = np.sqrt(((pieces.T @ values) ** 2).sum())
    found = clustered_mean(values, clusters)
    assert found.high - found.value == pytest.approx(stats.t.ppf(0.975, freedom) * error)
    assert freedom < 5


def test_fewer_than_ten_clusters_that_differ_say_nothing_of_a_difference():
    clusters = np.repeat(np.arange(20), 3)
    first = np.where(clusters < 9, 1.0, 0.0)
    found = clustered_difference(first, np.zeros(60), clusters)
    assert (found.value, found.low, found.high, found.p, found.few) == (0.45, None, None, None, True)
    assert not clustered_difference(np.where(clusters < 10, 1.0, 0.0), np.zeros(60), clusters).few


@pytest.mark.parametrize("turned", [1, -1])
def test_clusters_that_all_differ_by_the_same_are_told_apart(turned):
    """50 of 50 in favour: a sign test, and the lower end that Clopper and Pearson give 50 of 50."""
    clusters, ones = np.repeat(np.arange(50), 2), np.tile([1.0, 0.5], 50)
    found = clustered_difference(turned * ones, turned * (ones - 0.3), clusters)
    low, high = sorted((turned * 0.3 * 0.025 ** (1 / 50), turned * 0.3))
    assert (found.value, found.low, found.high) == pytest.approx((turned * 0.3, low, high))
    assert (found.p, found.few) == (pytest.approx(2 * 0.5**50), False)


def test_what_cannot_be_said():
    assert clustered_mean([], np.array([])).value is None
    assert clustered_difference([], [], np.array([])).value is None
    one = clustered_mean([1.0, 2.0], np.zeros(2))
    assert (one.value, one.low, one.few) == (1.5, None, True)


def test_an_interval_ends_where_no_value_can_be():
    values, clusters = [0.0, 0.0, 0.0, 0.9], np.arange(4)
    free, held = clustered_mean(values, clusters), clustered_mean(values, clusters, least=0.0, most=0.5)
    assert free.low < 0
    assert free.high > 0.5
    assert (held.value, held.low, held.high) == (free.value, 0.0, 0.5)
