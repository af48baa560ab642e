import numpy as np
import pytest
from scipy import stats

from rmexp.statistics.bootstrap import _drawn, bootstrap_means, percentile_interval, sign_p_value


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


def test_a_slow_loop_over_the_same_draws_gives_the_same_means(monkeypatch):
    monkeypatch.setattr("rmexp.statistics.bootstrap._MOST_WEIGHTS", 7 * 16)  # 16 samples of 7 clusters at once
    rng = np.random.default_rng(3)
    values, counted, clusters = rng.normal(size=(30, 3)), rng.integers(0, 2, (30, 3)), rng.integers(0, 7, 30)
    means = bootstrap_means(values, counted, clusters, 40, 5)
    again = np.random.default_rng(5)
    for row, times in zip(means, np.vstack([_drawn(7, samples, again) for samples in (16, 16, 8)]), strict=True):
        pairs = [
            pair for cluster in range(7) for _ in range(times[cluster]) for pair in np.flatnonzero(clusters == cluster)
        ]
        for column in range(3):
            kept = [values[pair, column] for pair in pairs if counted[pair, column]]
            assert row[column] == (pytest.approx(np.mean(kept)) if kept else pytest.approx(np.nan, nan_ok=True))


def test_a_single_cluster_has_neither_an_interval_nor_a_p_value():
    means = bootstrap_means([[1.0], [0.0], [1.0]], [[1], [1], [1]], np.zeros(3, dtype=int), 100, 0)
    assert percentile_interval(means[:, 0]) == (None, None)
    assert sign_p_value(means[:, 0] - 0.5) is None


@pytest.mark.parametrize("groups", [1, 2, 12, 50, 400])
def test_clusters_are_drawn_as_with_replacement(groups):
    counts = _drawn(groups, 100_000 // groups, np.random.default_rng(groups))
    assert (counts.sum(axis=1) == groups).all()
    found = np.bincount(counts.ravel(), minlength=5)[:5] / counts.size
    chance = stats.binom(groups, 1 / groups).pmf(range(5))
    assert found == pytest.approx(chance, abs=5 * np.sqrt(0.25 / counts.size))
    # sums of unequal weights vary as those of a multinomial do
    weights = np.arange(groups) / groups
    variance = stats.multinomial(groups, np.full(groups, 1 / groups)).cov()
    assert (counts @ weights).var() == pytest.approx(weights @ variance @ weights, rel=0.2, abs=1e-9)


def test_samples_that_come_out_too_large_are_drawn_again(monkeypatch):
    monkeypatch.setattr("rmexp.statistics.bootstrap._FEWER", 0.0)  # then half of them do
    assert (_drawn(30, 500, np.random.default_rng(0)).sum(axis=1) == 30).all()


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
