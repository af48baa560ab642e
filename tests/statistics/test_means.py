import numpy as np
import pytest
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


def test_fewer_than_ten_clusters_that_differ_say_nothing_of_a_difference():
    clusters = np.repeat(np.arange(20), 3)
    first = np.where(clusters < 9, 1.0, 0.0)
    found = clustered_difference(first, np.zeros(60), clusters)
    assert (found.value, found.low, found.high, found.p, found.few) == (0.45, None, None, None, True)
    assert not clustered_difference(np.where(clusters < 10, 1.0, 0.0), np.zeros(60), clusters).few


def test_what_cannot_be_said():
    assert clustered_mean([], np.array([])).value is None
    assert clustered_difference([], [], np.array([])).value is None
    one = clustered_mean([1.0, 2.0], np.zeros(2))
    assert (one.value, one.low, one.few) == (1.5, None, True)
