"""What a mean would have been with other prompts: clusters drawn anew, all figures of a draw from the same ones.

Shapes: N pairs, S figures, D draws.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import pdtr

DRAWS = 2000
_MOST_WEIGHTS = 4_000_000  # that are held at once, 32 MB
_STEPS = 2**16  # of probability, in which Poisson numbers are drawn
_FEWER = 4.0  # standard deviations by which the Poisson numbers of a sample are expected to stay below its size


class Interval(NamedTuple):
    """The middle 95 % of the draws; None where there is nothing to draw from."""

    low: float | None
    high: float | None


def bootstrap_means(
    values: ArrayLike, counted: ArrayLike, clusters: NDArray[Any], draws: int, seed: int
) -> NDArray[np.float64]:
    """(D, S) means of each column in samples of whole clusters, drawn with replacement.

    Two columns of one call are drawn together, so that the interval of their difference is that of paired figures.

    Args:
        values: (N, S) figures of each pair.
        counted: (N, S) whether a pair counts for the mean, 0 or 1; what does not count has no value either.
        clusters: (N,) numbers of what is independent, such as prompts.
        draws: number of samples.
        seed: of the draws; equal arguments give equal samples.

    Returns:
        NaN where nothing that counts was drawn, and throughout where there are less than two clusters: the same one
        drawn again and again says nothing of what another would have given.

    Raises:
        ValueError: there is no draw.

    Source: Efron and Tibshirani 1993, "An introduction to the bootstrap"; Field and Welsh 2007 for whole clusters.

    >>> means = bootstrap_means([[1.0], [0.0]], [[1], [1]], np.array([0, 1]), 1000, 0)
    >>> sorted(set(means.ravel().tolist()))
    [0.0, 0.5, 1.0]
    """
    check_draws(draws)
    weight = np.asarray(counted, dtype=np.float64)
    figures = np.where(weight > 0, np.asarray(values, dtype=np.float64), 0.0) * weight
    _, numbers = np.unique(clusters, return_inverse=True)
    groups, columns = int(numbers.max(initial=-1)) + 1, figures.shape[1]
    counts = {column.tobytes(): column for column in weight.T}  # most columns count the same pairs
    place = [list(counts).index(column.tobytes()) for column in weight.T]
    sums = np.stack([np.bincount(numbers, c, minlength=groups) for c in [*figures.T, *counts.values()]], axis=1)
    rng = np.random.default_rng(seed)
    at_once = max(1, _MOST_WEIGHTS // max(groups, 1))
    means = np.full((draws, columns), np.nan)
    for start in range(0, draws if groups > 1 else 0, at_once):
        here = min(at_once, draws - start)
        totals = _drawn(groups, here, rng).astype(np.float64) @ sums
        counted_here = totals[:, columns:][:, place]
        np.divide(totals[:, :columns], counted_here, out=means[start : start + here], where=counted_here > 0)
    return means


def _drawn(groups: int, draws: int, rng: np.random.Generator) -> NDArray[np.uint16]:
    """(D, G) how often each of G clusters is drawn when G are drawn with replacement.

    Most are drawn as independent Poisson numbers, which given their sum are distributed as draws with replacement are;
    the few that are missing are then drawn one by one. That is twice as fast as to draw all of them so.
    """
    rate = max(0.0, 1 - _FEWER / math.sqrt(groups))
    places = (np.arange(_STEPS) + 0.5) / _STEPS
    number = np.searchsorted(pdtr(np.arange(20), rate), places).astype(np.uint16)  # Poisson, by equal steps of chance
    counts = number[rng.integers(0, _STEPS, (draws, groups), dtype=np.uint16)]
    missing = groups - counts.sum(axis=1, dtype=np.int64)
    while (too_many := missing < 0).any():  # for about one sample in 30,000
        counts[too_many] = number[rng.integers(0, _STEPS, (int(too_many.sum()), groups), dtype=np.uint16)]
        missing = groups - counts.sum(axis=1, dtype=np.int64)
    samples = np.repeat(np.arange(draws), missing)
    np.add.at(counts, (samples, rng.integers(0, groups, len(samples))), 1)
    return counts


def check_draws(draws: int) -> None:
    """Refuse a number of draws that is none.

    Raises:
        ValueError: naming it.
    """
    if draws < 1:
        raise ValueError(f"`draws` must be at least 1, got {draws} (set draws)")


def percentile_interval(means: NDArray[np.float64]) -> Interval:
    """The 2.5 % and the 97.5 % quantile of draws; no bounds where some draw has no value, for then there is too little.

    Args:
        means: (D,) of one figure, or of the difference of two.
    """
    if not len(means) or np.isnan(means).any():
        return Interval(None, None)
    low, high = np.quantile(means, (0.025, 0.975))
    return Interval(float(low), float(high))


def sign_p_value(differences: NDArray[np.float64]) -> float | None:
    """Two-sided p-value that a difference is 0: twice the share of draws on the rarer side of it, counting one more.

    Args:
        differences: (D,) draws of the difference of two figures.

    Source: Davison and Hinkley 1997, "Bootstrap methods and their application", section 4.4.
    """
    if not len(differences) or np.isnan(differences).any():
        return None
    rarer = min(int((differences <= 0).sum()), int((differences >= 0).sum()))
    return min(1.0, 2 * (rarer + 1) / (len(differences) + 1))
