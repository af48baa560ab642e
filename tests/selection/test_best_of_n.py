"""The estimator against brute force over all subsets, and the figures that follow from it."""

import itertools
import math

import numpy as np
import pytest

from rmexp.selection.best_of_n import Pool, best_of_n_curve, pick_weights, sizes_up_to
from rmexp.selection.gain_fit import fit
from rmexp.selection.kl import best_of_n_kl


def brute_force(scores, values, n):
    """Mean over all subsets of n of the value of the best, equal scores sharing the pick."""
    found = []
    for subset in itertools.combinations(range(len(scores)), n):
        best = max(scores[i] for i in subset)
        tied = [values[i] for i in subset if scores[i] == best]
        found.append(sum(tied) / len(tied))
    return sum(found) / len(found)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("n", range(1, 10))
def test_expected_picks_equal_brute_force(n, ties):
    rng = np.random.default_rng(n)
    scores = rng.integers(0, 4, 9).astype(float) if ties else rng.normal(size=9)
    values = rng.normal(size=9)
    assert pick_weights(scores, n) @ values == pytest.approx(brute_force(scores, values, n), abs=1e-12)


@pytest.mark.parametrize("n", [1, 2, 100, 5000, 9999, 10_000])
def test_weights_of_ten_thousand_neither_overflow_nor_lose(n):
    scores = np.random.default_rng(0).permutation(10_000).astype(float)
    weights = pick_weights(scores, n)
    assert weights.sum() == pytest.approx(1, abs=1e-9)
    assert weights.min() >= 0
    by_rank = weights[np.argsort(scores)]
    exact = [math.comb(rank - 1, n - 1) / math.comb(10_000, n) for rank in (10_000, 9_999, 9_990)]
    assert by_rank[[9_999, 9_998, 9_989]] == pytest.approx(exact, rel=1e-9)


def test_scores_that_float32_cannot_tell_apart_are_equal():
    assert pick_weights([1.0, 1.0 + 1e-12], 2).tolist() == [0.5, 0.5]


@pytest.mark.parametrize("n", [0, 4])
def test_more_than_there_are_is_a_sentence(n):
    with pytest.raises(ValueError, match="from 1 to the 3 candidates"):
        pick_weights([1.0, 2.0, 3.0], n)


def test_kl_is_that_of_the_maximum():
    # of n uniform numbers the largest has density n x^(n-1): KL = integral of that times its logarithm
    x = np.linspace(0, 1, 2_000_001)[1:]
    for n in (2, 8, 64):
        log_density = math.log(n) + (n - 1) * np.log(x)
        assert best_of_n_kl(n) == pytest.approx(float((np.exp(log_density) * log_density).mean()), abs=1e-4)


@pytest.fixture(scope="module")
def pools():
    rng = np.random.default_rng(1)
    gold = rng.normal(size=(30, 16))
    return [Pool(row + rng.normal(scale=0.5, size=16), row) for row in gold]


def test_a_curve_is_the_mean_over_prompts(pools):
    found = best_of_n_curve(pools)
    assert [point.n for point in found.points] == [1, 2, 4, 8, 16]
    for point in found.points:
        picked = [pick_weights(pool.scores, point.n) @ pool.gold for pool in pools]
        assert point.gold == pytest.approx(np.mean(picked))
        assert point.low < point.gold < point.high
        assert point.oracle >= point.gold
        assert point.random == found.points[0].gold
    last = found.points[-1]
    assert last.proxy == pytest.approx(np.mean([pool.scores.max() for pool in pools]))
    assert last.oracle == pytest.approx(np.mean([pool.gold.max() for pool in pools]))
    assert last.gain == pytest.approx(last.gold - last.random)


def test_without_gold_the_interval_is_of_the_proxy(pools):
    found = best_of_n_curve([Pool(pool.scores, None) for pool in pools])
    last = found.points[-1]
    assert (last.gold, last.oracle, last.gain, found.fit) == (None, None, None, None)
    assert last.low < last.proxy < last.high
    assert last.random == found.points[0].proxy


def test_the_curve_ends_at_the_smallest_pool(pools):
    short = [*pools, Pool(pools[0].scores[:6], pools[0].gold[:6])]
    assert [point.n for point in best_of_n_curve(short).points] == [1, 2, 4, 6]
    with pytest.raises(ValueError, match="at least one prompt"):
        best_of_n_curve([])


def test_a_curve_of_the_fitted_form_is_recovered():
    sizes = sizes_up_to(1024)
    d = np.sqrt([best_of_n_kl(n) for n in sizes])
    gains = np.stack([d * (a - 0.5 * d) for a in (1.9, 2.1)], axis=1)
    found = fit(sizes, gains)
    assert (found.a, found.b) == pytest.approx((2.0, 0.5))
    assert found.peak_kl == pytest.approx(4.0)  # d = a / 2b = 2
    assert best_of_n_kl(found.peak_n) == pytest.approx(4.0, abs=0.01)
    assert found.peak_gain == pytest.approx(2.0)
    assert found.measured
    assert found.residual == pytest.approx(0, abs=1e-9)
    assert fit(sizes, np.stack([d * 2], axis=1)).peak_n is None


def curves(draws, gold_of, prompts=40):
    """Curves of pools of sixteen candidates whose scores are drawn by lot."""
    rng = np.random.default_rng(3)
    for _ in range(draws):
        scores = rng.normal(size=(prompts, 16))
        gold = gold_of(scores, rng)
        yield best_of_n_curve([Pool(*row) for row in zip(scores, gold, strict=True)])


def test_a_fall_that_is_none_is_seldom_told():
    """The truth has nothing to do with the score: the mean is the same at every n, and highest somewhere by chance."""
    found = [curve.fall for curve in curves(100, lambda scores, rng: rng.normal(size=scores.shape))]
    assert sum(fall is not None for fall in found) > 50
    assert np.mean([fall is not None and fall.low > 0 for fall in found]) <= 0.025 + 2 * math.sqrt(0.025 / 100)


def test_a_fall_that_there_is_is_told():
    """Best is a score of one half: the highest of sixteen is too much of it."""
    (curve,) = curves(1, lambda scores, rng: -np.abs(scores - 0.5))
    assert curve.fall.n < 16
    assert 0 < curve.fall.low < curve.fall.lost
    assert curve.fall.lost == pytest.approx(max(point.gold for point in curve.points) - curve.points[-1].gold)
    (rising,) = curves(1, lambda scores, rng: scores)
    assert rising.fall is None
    (level,) = curves(1, lambda scores, rng: np.full(scores.shape, 0.1))
    assert (level.fall, level.fit) == (None, None), "which rounding is not"


def test_what_stays_where_it_is_has_not_fallen():
    """From n = 4 on the pick is always a good one; the weights sum to 1 but for rounding."""
    for total in range(6, 40):
        gold = np.array([0.0] * 3 + [1.0] * (total - 3))
        assert best_of_n_curve([Pool(np.arange(float(total)), gold)] * 12).fall is None, total
