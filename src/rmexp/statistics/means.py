"""Means with their confidence interval."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit


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
