"""One method trained several times: its mean, its spread, and whether two methods differ by more than their luck."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from rmexp.statistics.shares import Share, clustered_share, mean_share


@dataclass(frozen=True, slots=True)
class Seeds:
    """A figure over seeds.

    Attributes:
        n: seeds.
        mean: of the figure.
        sd: sample standard deviation; None with one seed.
        low: lower end of the 95 % interval of the mean, by Student's t; None with one seed.
        high: upper end.
        lowest: of the seeds.
        highest: of the seeds.
    """

    n: int
    mean: float
    sd: float | None
    low: float | None
    high: float | None
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class SeedDifference:
    """First method minus second, each over its seeds.

    Attributes:
        difference: of the means.
        low: lower end of its 95 % interval; None where a method has one seed, or all seeds of both are equal.
        high: upper end.
        p: of Welch's two-sided t-test that it is 0.
    """

    difference: float
    low: float | None
    high: float | None
    p: float | None


def over_seeds(figures: Sequence[float]) -> Seeds:
    """Mean and spread of at least one figure.

    >>> over_seeds([0.7, 0.8]).mean
    0.75
    """
    values = np.asarray(figures, dtype=np.float64)
    apart = values - values[0]  # so that equal figures have no spread, by rounding either
    n, mean = len(values), float(values[0] + apart.mean())
    if n == 1:
        return Seeds(1, mean, None, None, None, mean, mean)
    sd = float(apart.std(ddof=1))
    reach = float(stdtrit(n - 1, 0.975)) * sd / n**0.5
    return Seeds(n, mean, sd, mean - reach, mean + reach, float(values.min()), float(values.max()))


def seed_difference(first: Sequence[float], second: Sequence[float]) -> SeedDifference:
    """Compare two methods across their seeds, whose spreads may differ.

    Args:
        first: figure of each seed of the one.
        second: of the other; the numbers of seeds may differ.

    Source: Welch 1947, "The generalization of Student's problem when several different population variances are
        involved".
    """
    one, other = over_seeds(first), over_seeds(second)
    difference = one.mean - other.mean
    if one.sd is None or other.sd is None or not (one.sd or other.sd):
        return SeedDifference(difference, None, None, None)
    parts = one.sd**2 / one.n, other.sd**2 / other.n
    error = sum(parts) ** 0.5
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (one.n - 1) + parts[1] ** 2 / (other.n - 1))
    reach = float(stdtrit(freedom, 0.975)) * error
    p = 2 * float(stdtr(freedom, -abs(difference) / error))
    return SeedDifference(difference, difference - reach, difference + reach, p)


_RELIEF = 0.1  # the largest with which two seeds cover 93 % whatever part of the variance is theirs


def over_seeds_and_pairs(credit: ArrayLike, clusters: NDArray[Any]) -> Share:
    """Mean credit of one method over seeds and pairs, with an interval for other seeds and other pairs at once.

    The pairs' own interval is that of `clustered_share` of the mean credit of each pair. The seeds widen it by what
    the variance over seeds adds to the variance over clusters, with Student's t of both. The luck of a seed on a pair
    is in either variance; it is counted twice, because an estimate without it covers too little. The interval is never
    narrower than that of the pairs. That of the seeds alone is no bound: with two seeds it is wide for no reason.

    The degrees of freedom are those of the seeds, more of them the less the seeds vary beside the clusters, and at most
    those of the clusters. Satterthwaite's estimate grows sooner: where seeds differ much, two or three that happen to
    be alike would get an interval that is too narrow. `tests/statistics/test_simulated_seeds.py` simulates this one.

    Args:
        credit: (S, N) in [0, 1] of at least one seed on the same pairs.
        clusters: (N,) numbers.

    Returns:
        n counts pairs; with one seed the interval of the pairs.

    Source: Cameron, Gelbach and Miller 2011, "Robust inference with multiway clustering"; Owen 2007, "The pigeonhole
        bootstrap", for the sum of both variances.

    >>> over_seeds_and_pairs([[1, 1, 0, 1], [1, 0, 0, 1]], np.arange(4)).value
    0.625
    """
    values = np.asarray(credit, dtype=np.float64)
    share_of = clustered_share if len(values) == 1 or np.all(values == 0.5) else mean_share
    pairs = share_of(values.mean(axis=0), clusters)
    if len(values) < 2 or pairs.value is None or pairs.low is None or pairs.high is None:
        return pairs
    apart = values.mean(axis=0) - pairs.value
    _, numbers = np.unique(clusters, return_inverse=True)
    by_seed = float(values.mean(axis=1).var(ddof=1)) / len(values)
    by_cluster = float((np.bincount(numbers, weights=apart) ** 2).sum()) / pairs.n**2
    by_cluster *= pairs.clusters / (pairs.clusters - 1)
    if not by_seed:
        return pairs
    freedom = min(pairs.clusters - 1, (len(values) - 1) * (1 + _RELIEF * (by_cluster / by_seed) ** 2))
    both = float(stdtrit(freedom, 0.975)) ** 2 * (by_seed + by_cluster)
    added = max(0.0, both - float(stdtrit(pairs.clusters - 1, 0.975)) ** 2 * by_cluster)
    low = pairs.value - ((pairs.value - pairs.low) ** 2 + added) ** 0.5
    high = pairs.value + ((pairs.high - pairs.value) ** 2 + added) ** 0.5
    return replace(pairs, low=max(0.0, low), high=min(1.0, high))
