"""The area under the ROC curve with its confidence interval, of cases that come in clusters."""

import math
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import rankdata


class Area(NamedTuple):
    """Probability that a positive case has a higher score than a negative one, equal ones counting one half.

    Attributes:
        value: of it.
        low: lower end of its 95 % interval; None with fewer than two clusters.
        high: upper end.
    """

    value: float
    low: float | None
    high: float | None


def auroc(scores: ArrayLike, positive: ArrayLike, clusters: NDArray[Any]) -> Area | None:
    """Area under the ROC curve; None where a class is empty.

    The interval is of the kind of Wilson's: it holds every area that would not be told from the one that was seen, by
    the variance that it would have itself. So it is of use at 0 and 1 too. Where cases of a cluster are alike it is as
    wide as the variance over clusters is larger than that over cases, and never narrower.

    Args:
        scores: (N,) higher for the positive ones if all is well.
        positive: (N,) booleans.
        clusters: (N,) numbers of what is independent.

    Source: Newcombe 2006, "Confidence intervals for an effect size measure based on the Mann-Whitney statistic", part
        2, method 5, for the interval; DeLong, DeLong and Clarke-Pearson 1988 and Obuchowski 1997, "Nonparametric
        analysis of clustered ROC curve data", for the two variances; Sun and Xu 2014, for their computation by ranks.

    >>> auroc([1.0, 2.0, 3.0, 4.0], [False, True, False, True], np.arange(4)).value
    0.75
    """
    values, yes = np.asarray(scores, np.float64), np.asarray(positive, bool)
    first, second = values[yes], values[~yes]
    if not len(first) or not len(second):
        return None
    ranks = rankdata(values)
    above = (ranks[yes] - rankdata(first)) / len(second)  # of each positive: share of negatives below it
    below = 1 - (ranks[~yes] - rankdata(second)) / len(first)
    value = float(above.mean())
    _, numbers = np.unique(clusters, return_inverse=True)
    groups = int(numbers.max()) + 1
    if groups < 2:
        return Area(value, None, None)
    parts = np.empty(len(values))
    parts[yes], parts[~yes] = (above - value) / len(first), (below - value) / len(second)
    alone, together = float((parts**2).sum()), float((np.bincount(numbers, parts) ** 2).sum())
    copies = float((np.bincount(numbers) ** 2).sum()) / len(values)
    effect = max(1.0, groups / (groups - 1) * together / alone) if alone > 1e-12 else copies
    return Area(value, *_interval(value, len(first), len(second), effect if groups < len(values) else 1.0))


def _interval(value: float, positive: int, negative: int, effect: float) -> tuple[float, float]:
    """The two areas whose own standard error, times the normal quantile, is their distance from the one seen."""
    quantile, even = NormalDist().inv_cdf(0.975), (positive + negative) / 2 - 1

    def beyond(area: float) -> float:
        spread = area * (1 - area) * (1 + even * ((1 - area) / (2 - area) + area / (1 + area)))
        return abs(area - value) - quantile * math.sqrt(effect * spread / (positive * negative))

    nearest = 1e-9
    low = brentq(beyond, 0.0, value - nearest) if value > nearest and beyond(value - nearest) < 0 else value
    high = brentq(beyond, value + nearest, 1.0) if value < 1 - nearest and beyond(value + nearest) < 0 else value
    return float(low), float(high)
