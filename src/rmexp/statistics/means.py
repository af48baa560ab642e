"""Means and differences with their confidence interval and test, of values that come in clusters."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

MEAN_METHOD = "Student's t with a cluster-robust variance"
ENOUGH = 10  # clusters that differ


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean, or the difference of two; None where it cannot be said.

    Attributes:
        value: of the mean.
        low: lower end of the 95 % interval.
        high: upper end.
        p: two-sided p-value that a difference is 0, of the same t as the interval; None for a mean.
        clusters: groups of values that are independent of each other, such as prompts.
        few: too few of them for an interval of a difference: less than ten show one.
    """

    value: float | None
    low: float | None
    high: float | None
    p: float | None
    clusters: int
    few: bool


def clustered_mean(values: ArrayLike, clusters: NDArray[Any]) -> Estimate:
    """Mean of `values` with a 95 % interval that takes the clusters, not the values, as independent.

    Args:
        values: (N,) numbers.
        clusters: (N,) numbers of what is independent.

    Returns:
        No value without values; no bounds with fewer than two clusters.

    Source: Liang and Zeger 1986, "Longitudinal data analysis using generalized linear models".

    >>> clustered_mean([1.0, 2.0, 3.0], np.array([0, 1, 2])).value
    2.0
    """
    numbers = np.asarray(values, dtype=np.float64)
    found = _fit(numbers, clusters)
    if found is None:
        return Estimate(None, None, None, None, 0, few=True)
    mean, error, groups = found
    if groups < 2:
        return Estimate(mean, None, None, None, groups, few=True)
    reach = float(stdtrit(groups - 1, 0.975)) * error
    return Estimate(mean, mean - reach, mean + reach, None, groups, few=groups < ENOUGH)


def clustered_difference(first: ArrayLike, second: ArrayLike, clusters: NDArray[Any]) -> Estimate:
    """First minus second, of paired values, with a 95 % interval and a test that take the clusters as independent.

    Args:
        first: (N,) numbers.
        second: (N,) numbers of the same cases.
        clusters: (N,) numbers of what is independent.

    Returns:
        Neither bounds nor p where fewer than ten clusters differ.

    Source: Liang and Zeger 1986, "Longitudinal data analysis using generalized linear models".

    >>> clustered_difference([1.0, 2.0], [0.0, 2.0], np.array([0, 1])).value
    0.5
    """
    apart = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    found = _fit(apart, clusters)
    if found is None:
        return Estimate(None, None, None, None, 0, few=True)
    mean, error, groups = found
    if len(np.unique(clusters[apart != 0])) < ENOUGH or not error:
        return Estimate(mean, None, None, None, groups, few=True)
    reach = float(stdtrit(groups - 1, 0.975)) * error
    p = 2 * float(stdtr(groups - 1, -abs(mean) / error))
    return Estimate(mean, mean - reach, mean + reach, p, groups, few=False)


def _fit(values: NDArray[np.float64], clusters: NDArray[Any]) -> tuple[float, float, int] | None:
    """Mean, its standard error (NaN with one cluster) and the number of clusters; None without values."""
    if not len(values):
        return None
    _, numbers = np.unique(clusters, return_inverse=True)
    groups, mean = int(numbers.max()) + 1, float(values.mean())
    if groups < 2:
        return mean, math.nan, groups
    residuals = np.bincount(numbers, weights=values - mean)
    variance = groups / (groups - 1) * float((residuals**2).sum()) / len(values) ** 2
    return mean, math.sqrt(variance), groups


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
