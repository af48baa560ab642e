import numpy as np
import pytest
from scipy import stats

from rmexp.analysis.bootstrap import bootstrap_means, percentile_interval, sign_p_value


@pytest.fixture
def sample():
    rng = np.random.default_rng(1)
    return rng.normal(size=(200, 2)), np.ones((200, 2)), np.arange(200)


def test_the_spread_of_the_draws_is_the_standard_error_of_the_mean(sample):
    values, counted, clusters = sample
    means = bootstrap_means(values, counted, clusters, 4000, 0)
    errors = values.std(axis=0) / np.sqrt(200)
    assert means.mean(axis=0) == pytest.approx(values.mean(axis=0), abs=0.01)
    assert means.std(axis=0) == pytest.approx(errors, rel=0.05)


def test_the_interval_is_that_of_scipy(sample):
    values, counted, clusters = sample
    interval = percentile_interval(bootstrap_means(values, counted, clusters, 4000, 0)[:, 0])
    reference = stats.bootstrap(
        (values[:, 0],), np.mean, n_resamples=4000, method="percentile", vectorized=True, rng=np.random.default_rng(2)
    ).confidence_interval
    assert interval == pytest.approx(reference, abs=0.01)


def test_whole_clusters_are_drawn(sample):
    values, counted, clusters = sample
    pairs = np.repeat(values, 4, axis=0)
    fourfold = bootstrap_means(pairs, np.ones_like(pairs), np.repeat(clusters, 4), 500, 0)
    assert fourfold == pytest.approx(bootstrap_means(values, counted, clusters, 500, 0))


def test_a_slow_loop_over_the_same_draws_gives_the_same_means():
    rng = np.random.default_rng(3)
    values, counted, clusters = rng.normal(size=(30, 3)), rng.integers(0, 2, (30, 3)), rng.integers(0, 7, 30)
    means = bootstrap_means(values, counted, clusters, 40, 5)
    again = np.random.default_rng(5)
    for row in means:
        drawn = again.integers(0, 7, 7, dtype=np.int32)
        pairs = [pair for cluster in drawn for pair in np.flatnonzero(clusters == cluster)]
        for column in range(3):
            kept = [values[pair, column] for pair in pairs if counted[pair, column]]
            assert row[column] == (pytest.approx(np.mean(kept)) if kept else pytest.approx(np.nan, nan_ok=True))


def test_chunks_change_nothing(sample, monkeypatch):
    whole = bootstrap_means(*sample, 100, 0)
    monkeypatch.setattr("rmexp.analysis.bootstrap._MOST_WEIGHTS", 600)
    assert bootstrap_means(*sample, 100, 0) == pytest.approx(whole)


def test_too_little_has_no_interval():
    none = bootstrap_means(np.empty((0, 1)), np.empty((0, 1)), np.empty(0), 10, 0)
    assert np.isnan(none).all()
    assert percentile_interval(none[:, 0]) == (None, None)
    rare = bootstrap_means([[1.0], [1.0]], [[1], [0]], np.array([0, 1]), 100, 0)  # half of the draws count nothing
    assert percentile_interval(rare[:, 0]) == (None, None)
    assert sign_p_value(rare[:, 0]) is None


def test_p_values_count_one_more_than_was_drawn():
    assert sign_p_value(np.array([0.1] * 19)) == pytest.approx(2 / 20)
    assert sign_p_value(np.array([0.1] * 9 + [-0.1] * 10)) == 1.0
    assert sign_p_value(np.zeros(5)) == 1.0
