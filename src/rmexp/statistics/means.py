"""Means and differences with their confidence interval and test, of values that come in clusters."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

MEAN_METHOD = "cluster-robust Student's t"
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


def clustered_mean(
    values: ArrayLike, clusters: NDArray[Any], *, least: float = -math.inf, most: float = math.inf
) -> Estimate:
    """Mean of `values` with a 95 % interval that takes the clusters, not the values, as independent.

    Args:
        values: (N,) numbers.
        clusters: (N,) numbers of what is independent.
        least: that a value can be; the interval ends there.
        most: likewise.

    Returns:
        No value without values; no bounds with fewer than two clusters.

    Source: Liang and Zeger 1986, "Longitudinal data analysis using generalized linear models"; `mean_and_error` says
        how it is corrected for few clusters.

    >>> clustered_mean([1.0, 2.0, 3.0], np.array([0, 1, 2])).value
    2.0
    """
    numbers = np.asarray(values, dtype=np.float64)
    if not len(numbers):
        return Estimate(None, None, None, None, 0, few=True)
    sums, sizes = _by_cluster(numbers, clusters)
    if len(sizes) < 2:
        return Estimate(float(numbers.mean()), None, None, None, len(sizes), few=True)
    fit = mean_and_error(sums, sizes)
    mean, reach = float(fit.mean), float(stdtrit(fit.freedom, 0.975) * fit.error)
    low, high = max(least, mean - reach), min(most, mean + reach)
    return Estimate(mean, low, high, None, len(sizes), few=len(sizes) < ENOUGH)


def clustered_difference(first: ArrayLike, second: ArrayLike, clusters: NDArray[Any]) -> Estimate:
    """First minus second, of paired values, with a 95 % interval and a test that take the clusters as independent.

    Args:
        first: (N,) numbers.
        second: (N,) numbers of the same cases.
        clusters: (N,) numbers of what is independent.

    Returns:
        Neither bounds nor p where fewer than ten clusters differ. A cluster whose differences cancel does not. Where
        all clusters differ by the same there is no spread for a t: p is that of the sign test, and the nearer bound
        lets as many clusters differ by nothing as Clopper and Pearson's interval allows.

    Source: as `clustered_mean`.

    >>> clustered_difference([1.0, 2.0], [0.0, 2.0], np.array([0, 1])).value
    0.5
    """
    apart = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    if not len(apart):
        return Estimate(None, None, None, None, 0, few=True)
    sums, sizes = _by_cluster(apart, clusters)
    if enough_differ(sums):
        fit = mean_and_error(sums, sizes)
        mean = float(fit.mean)
        if fit.error <= 1e-12 * abs(mean):
            low, high = sorted((mean, mean * 0.025 ** (1 / len(sizes))))
            return Estimate(mean, low, high, 2.0 ** (1 - len(sizes)), len(sizes), few=False)
        reach = float(stdtrit(fit.freedom, 0.975) * fit.error)
        p = 2 * float(stdtr(fit.freedom, -abs(mean) / fit.error))
        return Estimate(mean, mean - reach, mean + reach, p, len(sizes), few=False)
    return Estimate(float(apart.mean()), None, None, None, len(sizes), few=True)


class MeanAndError(NamedTuple):
    """Of values in clusters.

    Attributes:
        mean: (...) of all values.
        error: (...) its standard error.
        freedom: degrees of freedom of the error.
    """

    mean: NDArray[np.float64]
    error: NDArray[np.float64]
    freedom: float


def mean_and_error(sums: NDArray[Any], sizes: NDArray[Any]) -> MeanAndError:
    """Mean of each of any number of sets of values, with its cluster-robust error.

    Each cluster's residual is divided by what the mean takes of it (CR2), so that the variance is right on average
    where values are independent. With clusters of one size that is the plain sandwich times G / (G - 1), and the
    degrees of freedom are G - 1; with unequal ones they are fewer.

    Args:
        sums: (..., G) sum of the values of each of at least two clusters.
        sizes: (G,) values of each cluster.

    Source: Bell and McCaffrey 2002, "Bias reduction in standard errors for linear regression with multi-stage
        samples"; Pustejovsky and Tipton 2018, "Small-sample methods for cluster-robust variance estimation".
    """
    n = float(sizes.sum())
    mean = sums.sum(axis=-1) / n
    kept = 1 - sizes / n
    variance = ((sums - sizes * mean[..., None]) ** 2 / kept).sum(axis=-1) / n**2
    crossed = sizes**2 / kept / n
    freedom = n**2 / float((sizes**2).sum() + crossed.sum() ** 2 - (crossed**2).sum())
    return MeanAndError(mean, np.sqrt(variance), freedom)


def enough_differ(sums: NDArray[Any]) -> NDArray[np.bool_]:
    """(...) whether at least ten of (..., G) sums of differences are not 0."""
    return np.asarray((np.abs(sums) > 1e-12).sum(axis=-1) >= ENOUGH)


def _by_cluster(values: NDArray[np.float64], clusters: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    _, numbers = np.unique(clusters, return_inverse=True)
    return np.bincount(numbers, weights=values), np.bincount(numbers)


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
