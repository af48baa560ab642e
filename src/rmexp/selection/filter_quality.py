"""How well a filter finds labels that are known to be wrong.

Shapes: N pairs.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmexp.statistics.auroc import auroc
from rmexp.statistics.shares import Share, clustered_share

CURVE_POINTS = 50


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Had this share of the pairs been dropped, those with the least margin, of equal ones some by lot.

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
        auroc_low: lower end of its 95 % interval; None where all pairs depend on each other.
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


def filter_quality(flipped: ArrayLike, kept: ArrayLike, margin: ArrayLike, clusters: NDArray[Any]) -> FilterQuality:
    """Judge a filter by the labels that were turned round.

    Args:
        flipped: (N,) whether the label is wrong.
        kept: (N,) whether the filter kept the pair.
        margin: (N,) score of the response labelled better over the other: what a low value of makes suspicious.
        clusters: (N,) numbers of what is independent, such as prompts.
    """
    wrong, stays, margins = np.asarray(flipped, bool), np.asarray(kept, bool), np.asarray(margin, np.float64)
    area = auroc(-margins, wrong, clusters)
    return FilterQuality(
        pairs=len(wrong),
        flipped=clustered_share(wrong, clusters),
        precision=clustered_share(wrong[~stays], clusters[~stays]),
        recall=clustered_share(~stays[wrong], clusters[wrong]),
        left=clustered_share(wrong[stays], clusters[stays]),
        auroc=None if area is None else area.value,
        auroc_low=None if area is None else area.low,
        auroc_high=None if area is None else area.high,
        curve=_curve(wrong, margins),
    )


def _curve(wrong: NDArray[np.bool_], margin: NDArray[np.float64]) -> tuple[CurvePoint, ...]:
    if not wrong.any():
        return ()
    _, places, pairs = np.unique(margin, return_inverse=True, return_counts=True)
    ends, found = (np.append(0, np.cumsum(each)) for each in (pairs, np.bincount(places, wrong)))  # up to each margin
    sizes = np.unique(np.linspace(1, len(wrong), min(CURVE_POINTS, len(wrong))).round().astype(int))
    return tuple(
        CurvePoint(float(size / len(wrong)), float(expected / size), float(expected / found[-1]))
        for size, expected in zip(sizes, np.interp(sizes, ends, found), strict=True)
    )
