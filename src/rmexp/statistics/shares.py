"""Shares with their confidence interval."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

SHARE_METHOD = "Wilson interval for as many independent pairs as the prompts are worth"
ENOUGH = 10  # clusters that are expected on the rarer side of a share


@dataclass(frozen=True, slots=True)
class Share:
    """A share of `n` cases with its interval; None where there is no case.

    Attributes:
        n: cases counted.
        value: share in [0, 1]; a tie counts one half.
        low: lower end of the 95 % interval.
        high: upper end.
        clusters: groups of cases that are independent of each other, such as prompts.
        few: too few of them to rely on the interval: less than ten are expected on the rarer side.
    """

    n: int
    value: float | None
    low: float | None
    high: float | None
    clusters: int
    few: bool


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

    The cluster-robust variance of the mean is turned into the number of independent cases that would have it, which
    never exceeds the number of cases; the interval is Wilson's for that many, with the quantile of Student's t.

    Args:
        credit: (N,) in [0, 1].
        clusters: (N,) numbers.

    Returns:
        n = 0 and no value without cases; no bounds with fewer than two clusters.

    Source: Korn and Graubard 1998, "Confidence intervals for proportions with small expected number of positive
        counts estimated from survey data"; Liang and Zeger 1986 for the variance.

    >>> clustered_share([1, 1, 0, 1], np.array([0, 1, 2, 3])).value
    0.75
    """
    values = np.asarray(credit, dtype=np.float64)
    n = len(values)
    if not n:
        return Share(0, None, None, None, 0, few=True)
    mean = float(values.mean())
    _, numbers = np.unique(clusters, return_inverse=True)
    groups = int(numbers.max()) + 1
    if groups < 2:
        return Share(n, mean, None, None, groups, few=True)
    residuals = np.bincount(numbers, weights=values - mean)
    variance = groups / (groups - 1) * float((residuals**2).sum()) / n**2
    spread = mean * (1 - mean)
    independent = min(n, spread / variance) if variance > 1e-15 else n if spread else groups
    few = (NormalDist().inv_cdf(0.975) / float(stdtrit(groups - 1, 0.975))) ** 2
    effective = max(1.0, independent * few)
    low, high = wilson(mean * effective, effective)
    return Share(n, mean, low, high, groups, few=_few(groups, mean))


def _few(clusters: int, value: float) -> bool:
    return clusters * min(value, 1 - value) < ENOUGH
