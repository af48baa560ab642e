"""Shares with their confidence interval."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, stdtrit

SHARE_METHOD = "Wilson's interval, towards Clopper and Pearson's where few, for as many pairs as are independent"
ENOUGH = 10  # clusters that are expected on the rarer side of a share
_NORMAL = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Share:
    """A share of `n` cases with its interval; None where there is no case.

    Attributes:
        n: cases counted.
        value: share in [0, 1]; a tie counts one half.
        low: lower end of the 95 % interval.
        high: upper end.
        clusters: groups of cases that are independent of each other, such as prompts.
        few: too few of these to rely on the interval: less than ten are expected on the rarer side.
    """

    n: int
    value: float | None
    low: float | None
    high: float | None
    clusters: int = 0  # not known of shares in older files
    few: bool = False


def share(successes: float, n: int) -> Share:
    """`successes` of `n` independent cases with the 95 % Wilson interval.

    >>> share(3, 4).value
    0.75
    """
    if n == 0:
        return Share(0, None, None, None, 0, few=True)
    low, high = wilson(successes, n)
    return Share(n, successes / n, low, high, n, few=_few(n, successes / n))


def wilson(successes: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Score interval of a binomial share, inside [0, 1] and of use at 0 % and 100 % too.

    Args:
        successes: cases that count; halves are allowed (ties).
        n: number of independent cases, at least 1; an effective number need not be whole.
        confidence: probability in (0, 1) with which such intervals cover the true share.

    Raises:
        ValueError: an argument is out of its range.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".

    >>> [round(end, 3) for end in wilson(80, 80)]
    [0.954, 1.0]
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"expected 0 <= successes <= n and n >= 1, got {successes} of {n}")
    if not 0 < confidence < 1:
        raise ValueError(f"`confidence` must lie between 0 and 1, got {confidence}")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    centre = successes + z * z / 2
    half_width = z * math.sqrt(successes * (n - successes) / n + z * z / 4)
    scale = n + z * z
    return max(0.0, (centre - half_width) / scale), min(1.0, (centre + half_width) / scale)


def clustered_share(credit: ArrayLike, clusters: NDArray[Any]) -> Share:
    """Mean of `credit` with a 95 % interval that takes the clusters, not the cases, as independent.

    Args:
        credit: (N,) in [0, 1].
        clusters: (N,) numbers.

    Returns:
        n = 0 and no value without cases; no bounds with fewer than two clusters, nor where all cases are ties: a half
        that no case decided is no share of 50 %.

    >>> clustered_share([1, 1, 0, 1], np.array([0, 1, 2, 3])).value
    0.75
    """
    values = np.asarray(credit, dtype=np.float64)
    if len(values) and np.all(values == 0.5):
        return Share(len(values), 0.5, None, None, len(np.unique(clusters)))
    return mean_share(values, clusters)


def mean_share(credit: ArrayLike, clusters: NDArray[Any]) -> Share:
    """The same of credits that are means over seeds, of which a half is not a tie."""
    values = np.asarray(credit, dtype=np.float64)
    n = len(values)
    if not n:
        return Share(0, None, None, None, 0, few=True)
    mean = float(values.mean())
    _, numbers = np.unique(clusters, return_inverse=True)
    sizes = np.bincount(numbers)
    if len(sizes) < 2:
        return Share(n, mean, None, None, len(sizes), few=True)
    sums, squares = np.bincount(numbers, weights=values), np.bincount(numbers, weights=values**2)
    low, high = share_bounds(sums, squares, sizes)
    return Share(n, mean, float(low), float(high), len(sizes), few=_few(len(sizes), mean))


def share_bounds(
    sums: NDArray[Any], squares: NDArray[Any], sizes: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both ends of the 95 % interval of each of any number of shares.

    The design effect says how many cases are worth one independent case. It is at least 1. With it a share of n cases
    is one of n / effect cases, and the interval is Wilson's for those. The effect is itself estimated: Student's t
    takes the place of the normal quantile, with degrees of freedom by how unsure the effect is. With one case a
    cluster it is sure, and the interval is Wilson's own.

    Where few clusters are on the rarer side the effect cannot be seen well, and Wilson's interval covers too little.
    As far as clusters are short of ten, the effect goes a part of the way to that of cases which are copies of each
    other, and the ends go from Wilson's to those of Clopper and Pearson.

    Args:
        sums: (..., G) sum of the credits of each of at least two clusters.
        squares: (..., G) sum of their squares.
        sizes: (G,) cases of each cluster.

    Source: Korn and Graubard 1998, "Confidence intervals for proportions with small expected number of positive
        counts estimated from survey data", for the design effect and the exact ends; Liang and Zeger 1986 for its
        variance; Satterthwaite 1946 for the degrees of freedom, here of the ratio of two sums over clusters. How far
        the ends go where clusters are few is ours, by the simulation in tests/statistics.
    """
    clusters, n = len(sizes), float(sizes.sum())
    mean = sums.sum(axis=-1) / n
    spread = mean * (1 - mean) * n
    between = (sums - sizes * mean[..., None]) ** 2
    within = squares - 2 * mean[..., None] * sums + sizes * mean[..., None] ** 2
    total = between.sum(axis=-1)
    seen = np.divide(
        total * clusters / (clusters - 1), spread, out=np.full_like(mean, n / clusters), where=spread > 1e-9
    )
    short = np.clip(1 - clusters * np.minimum(mean, 1 - mean) / ENOUGH, 0, 1) ** 2
    copies = float((sizes**2).sum()) / n
    effect = np.maximum(1.0, seen + short / 4 * np.maximum(copies - seen, 0.0))
    quantile = stdtrit(_freedom(between, within), 0.975)
    effective = np.maximum(1.0, n / effect * (_NORMAL / quantile) ** 2)
    rough, exact = _wilson(mean * effective, effective), _clopper_pearson(mean * effective, effective)
    return (1 - short) * rough[0] + short * exact[0], (1 - short) * rough[1] + short * exact[1]


def _freedom(between: NDArray[np.float64], within: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degrees of freedom of sum(between) / sum(within) over clusters, by the delta method; many where it is sure."""
    clusters = between.shape[-1]
    total, inside = between.sum(axis=-1), within.sum(axis=-1)
    ratio = np.divide(total, inside, out=np.zeros_like(total), where=inside > 1e-9)
    noise = ((between - ratio[..., None] * within) ** 2).sum(axis=-1) * clusters / (clusters - 1)
    relative = np.divide(noise, total**2, out=np.zeros_like(total), where=total > 1e-9)
    return np.asarray(np.maximum(1.0, 2 / np.maximum(relative, 1e-9)))


def _wilson(successes: NDArray[np.float64], n: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    squared = _NORMAL**2
    centre = successes + squared / 2
    half_width = _NORMAL * np.sqrt(np.maximum(successes * (n - successes) / n, 0.0) + squared / 4)
    return np.maximum(0.0, (centre - half_width) / (n + squared)), np.minimum(
        1.0, (centre + half_width) / (n + squared)
    )


def _clopper_pearson(
    successes: NDArray[np.float64], n: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    failures = n - successes
    low = np.where(successes > 1e-9, betaincinv(np.maximum(successes, 1e-9), failures + 1, 0.025), 0.0)
    high = np.where(failures > 1e-9, betaincinv(successes + 1, np.maximum(failures, 1e-9), 0.975), 1.0)
    return low, high


def _few(clusters: int, value: float) -> bool:
    return clusters * min(value, 1 - value) < ENOUGH - 1e-9
