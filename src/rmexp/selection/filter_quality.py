"""How well a filter finds labels that are known to be wrong.

Shapes: N pairs.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from rmexp.statistics.shares import Share, share

CURVE_POINTS = 50


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Had this share of the pairs been dropped, those with the least margin.

    Attributes:
        dropped: share of the pairs.
        precision: share of the dropped whose label is wrong.
        recall: share of the wrong labels that are dropped.
    """

    dropped: float
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class FilterQuality:
    """A filter as a detector of wrong labels.

    Attributes:
        pairs: judged.
        flipped: share of them whose label is wrong.
        precision: of the dropped, whose label is wrong; a random filter has `flipped`.
        recall: of the wrong labels, those that were dropped.
        left: of the kept, whose label is still wrong.
        auroc: probability that a wrong label has the lesser margin than a right one, equal ones counting one half;
            None where all labels are wrong or all right.
        auroc_low: lower end of its 95 % interval.
        auroc_high: upper end.
        curve: precision and recall over the share dropped by margin.
    """

    pairs: int
    flipped: Share
    precision: Share
    recall: Share
    left: Share
    auroc: float | None
    auroc_low: float | None
    auroc_high: float | None
    curve: tuple[CurvePoint, ...]


def filter_quality(flipped: ArrayLike, kept: ArrayLike, margin: ArrayLike) -> FilterQuality:
    """Judge a filter by the labels that were turned round.

    Args:
        flipped: (N,) whether the label is wrong.
        kept: (N,) whether the filter kept the pair.
        margin: (N,) score of the response labelled better over the other: what a low value of makes suspicious.
    """
    wrong, stays, margins = np.asarray(flipped, bool), np.asarray(kept, bool), np.asarray(margin, np.float64)
    dropped = ~stays
    low, value, high = auroc(-margins, wrong)
    return FilterQuality(
        pairs=len(wrong),
        flipped=share(int(wrong.sum()), len(wrong)),
        precision=share(int((wrong & dropped).sum()), int(dropped.sum())),
        recall=share(int((wrong & dropped).sum()), int(wrong.sum())),
        left=share(int((wrong & stays).sum()), int(stays.sum())),
        auroc=value,
        auroc_low=low,
        auroc_high=high,
        curve=_curve(wrong, margins),
    )


def auroc(scores: ArrayLike, positive: ArrayLike) -> tuple[float | None, float | None, float | None]:
    """Area under the ROC curve with its 95 % interval: low, value, high; None three times where a class is empty.

    Args:
        scores: (N,) higher for the positive ones if all is well.
        positive: (N,) booleans.

    Source: DeLong, DeLong and Clarke-Pearson 1988, for the variance; Sun and Xu 2014, for its computation by ranks.

    >>> auroc([1.0, 2.0, 3.0, 4.0], [False, True, False, True])[1]
    0.75
    """
    values, yes = np.asarray(scores, np.float64), np.asarray(positive, bool)
    first, second = values[yes], values[~yes]
    if not len(first) or not len(second):
        return None, None, None
    ranks = scipy.stats.rankdata(values)
    above = (ranks[yes] - scipy.stats.rankdata(first)) / len(second)  # of each positive: share of negatives below it
    below = 1 - (ranks[~yes] - scipy.stats.rankdata(second)) / len(first)
    value = float(above.mean())
    variance = _variance(above) + _variance(below)
    half = NormalDist().inv_cdf(0.975) * float(np.sqrt(variance))
    return max(0.0, value - half), value, min(1.0, value + half)


def _variance(values: NDArray[np.float64]) -> float:
    return float(values.var(ddof=1) / len(values)) if len(values) > 1 else 0.0


def _curve(wrong: NDArray[np.bool_], margin: NDArray[np.float64]) -> tuple[CurvePoint, ...]:
    found = np.cumsum(wrong[np.argsort(margin, kind="stable")])
    if not len(found) or not found[-1]:
        return ()
    sizes = np.unique(np.linspace(1, len(found), min(CURVE_POINTS, len(found))).round().astype(int))
    return tuple(
        CurvePoint(float(size / len(found)), float(found[size - 1] / size), float(found[size - 1] / found[-1]))
        for size in sizes
    )
