"""Intervals and tests of pairs that come several to a prompt, where the truth is known.

A cell is so many prompts, so many pairs of each, a share and a correlation of the pairs of a prompt (beta-binomial).
"""

from itertools import product

import numpy as np
import pytest
from scipy.special import stdtrit

from rmexp.statistics.means import enough_differ, mean_and_error
from rmexp.statistics.shares import share_bounds

pytestmark = pytest.mark.slow

TIMES = 3000  # a coverage of 95 % is known to within 0.4 % (standard error)
NOISE = 2 * np.sqrt(0.05 * 0.95 / TIMES)
PROMPTS, CORRELATIONS = (10, 20, 40, 50, 100, 200, 400), (0.0, 0.1, 0.3)
SIZES = {"1": (1,), "3": (3,), "9": (9,), "1 to 17": tuple(range(1, 18)), "1 or 9": (1, 9)}
SHARES = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98)


def chances(rng, share, correlation, shape):
    if not correlation:
        return np.full(shape, share)
    strength = (1 - correlation) / correlation
    return rng.beta(share * strength, (1 - share) * strength, shape)


@pytest.mark.parametrize("correlation", CORRELATIONS)
@pytest.mark.parametrize("name", SIZES)
def test_intervals_of_a_share_cover_it(name, correlation):
    rng, bad = np.random.default_rng(0), []
    for prompts, share in product(PROMPTS, SHARES):
        sizes = np.resize(SIZES[name], prompts)
        right = rng.binomial(sizes, chances(rng, share, correlation, (TIMES, prompts))).astype(float)
        low, high = share_bounds(right, right, sizes)
        covered = float(((low <= share) & (share <= high)).mean())
        most = 0.97 if prompts * (1 - share) > 10 - 1e-9 else 1.0
        if not 0.93 - NOISE <= covered <= most + NOISE:
            bad.append(f"{prompts} prompts of {name}, {share}: {covered:.4f}")
    assert not bad, "\n".join(bad)


def differences(rng, sizes, shares, correlation, alike, times):
    """(times, G) sums of first minus second; a part of the prompts and of the pairs is alike for both."""
    shape = (times, len(sizes))
    first, second = (chances(rng, share, correlation, shape) for share in shares)
    if shares[0] == shares[1]:
        second = np.where(rng.random(shape) < alike, first, second)
    sums = np.zeros(shape)
    for number in range(max(sizes)):
        luck = rng.random(shape)
        other = np.where(rng.random(shape) < alike, luck, rng.random(shape))
        sums += ((luck < first).astype(float) - (other < second)) * (number < sizes)
    return sums


def verdicts(sums, sizes, truth):
    """Whether there is a test, and whether it denies the truth, of each row."""
    fit = mean_and_error(sums, sizes)
    return enough_differ(sums), np.abs(fit.mean - truth) > stdtrit(fit.freedom, 0.975) * fit.error


@pytest.mark.parametrize("alike", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("correlation", CORRELATIONS)
@pytest.mark.parametrize("name", SIZES)
def test_equally_good_scorers_differ_in_five_per_cent(name, correlation, alike):
    rng, bad = np.random.default_rng(1), []
    for prompts, share in product((10, 20, 40, 100, 400), (0.5, 0.7, 0.9, 0.95, 0.98)):
        sizes = np.resize(SIZES[name], prompts)
        times = 1500 if prompts == 400 else 2000
        sums = differences(rng, sizes, (share, share), correlation, alike, times)
        if (sums != 0).sum(axis=1).mean() < 10:
            continue
        shown, denied = verdicts(sums, sizes, 0.0)
        size, noise = float(denied[shown].mean()), 2 * np.sqrt(0.05 * 0.95 / shown.sum())
        if not 0.035 - noise <= size <= 0.065 + noise:
            bad.append(f"{prompts} prompts of {name}, {share}: {size:.4f} of {shown.sum()}")
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize("name", SIZES)
def test_intervals_of_a_difference_cover_it(name):
    rng, bad = np.random.default_rng(2), []
    for prompts, (first, second), correlation in product((20, 40, 100), ((0.98, 0.95), (0.9, 0.7)), CORRELATIONS):
        sizes = np.resize(SIZES[name], prompts)
        sums = differences(rng, sizes, (first, second), correlation, 0.5, 2000)
        if (sums != 0).sum(axis=1).mean() < 10:
            continue
        shown, denied = verdicts(sums, sizes, first - second)
        covered, noise = 1 - float(denied[shown].mean()), 2 * np.sqrt(0.05 * 0.95 / shown.sum())
        if covered < 0.93 - noise:
            bad.append(f"{prompts} prompts of {name}, {first} and {second}, {correlation}: {covered:.4f}")
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize("name", SIZES)
def test_intervals_of_a_log_loss_cover_it(name):
    """Log-losses -log(sigmoid(margin)) of normal margins, a third of whose variance a prompt's pairs share."""
    rng, bad = np.random.default_rng(3), []
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    truth = float((np.logaddexp(0, -(1 + 1.2 * nodes)) * weights).sum() / np.sqrt(2 * np.pi))
    for prompts in (20, 40, 100, 400):
        sizes = np.resize(SIZES[name], prompts)
        shape = (1500, prompts)
        shared, sums = np.sqrt(1 / 3) * rng.normal(size=shape), np.zeros(shape)
        for number in range(max(sizes)):
            margins = 1 + 1.2 * (shared + np.sqrt(2 / 3) * rng.normal(size=shape))
            sums += np.logaddexp(0, -margins) * (number < sizes)
        _, denied = verdicts(sums, sizes, truth)
        covered, noise = 1 - float(denied.mean()), 2 * np.sqrt(0.05 * 0.95 / len(denied))
        if not 0.93 - noise <= covered <= 0.97 + noise:
            bad.append(f"{prompts} prompts of {name}: {covered:.4f}")
    assert not bad, "\n".join(bad)
