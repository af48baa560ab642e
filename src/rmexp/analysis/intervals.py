"""Shares with their confidence interval."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit


@dataclass(frozen=True, slots=True)
class Share:
    """A share of `n` cases with its interval; None where there is no case.

    Attributes:
        n: cases counted.
        value: share in [0, 1]; a tie counts one half.
        low: lower end of the 95 % Wilson interval.
        high: upper end.
    """

    n: int
    value: float | None
    low: float | None
    high: float | None


def share(successes: float, n: int) -> Share:
    """`successes` of `n` with the 95 % Wilson interval.

    >>> share(3, 4).value
    0.75
    """
    if n == 0:
        return Share(0, None, None, None)
    low, high = wilson(successes, n)
    return Share(n, successes / n, low, high)


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


def mean_interval(values: ArrayLike, confidence: float = 0.95) -> tuple[float | None, float | None]:
    """Student's interval of the mean of independent values; None, None for fewer than two.

    Args:
        values: (N,) numbers.
        confidence: probability in (0, 1) with which such intervals cover the true mean.

    >>> [round(end, 3) for end in mean_interval([1.0, 2.0, 3.0])]
    [-0.484, 4.484]
    """
    array = np.asarray(values, dtype=np.float64)
    if len(array) < 2:
        return None, None
    half = float(stdtrit(len(array) - 1, 0.5 + confidence / 2) * array.std(ddof=1) / math.sqrt(len(array)))
    mean = float(array.mean())
    return mean - half, mean + half
