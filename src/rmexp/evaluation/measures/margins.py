"""Where the margins of a scorer lie."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmexp.metrics.preferred_side import is_tie, preferred_side

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class MarginDistribution:
    """Preferred minus other score, over pairs with a preference; None without them.

    Attributes:
        margin_mean: of them.
        margin_sd: their standard deviation.
        margin_quantiles: at `QUANTILES`.
    """

    margin_mean: float | None
    margin_sd: float | None
    margin_quantiles: tuple[float, ...] | None


def margin_distribution(margin: ArrayLike, target: ArrayLike) -> MarginDistribution:
    """Mean, spread and quantiles of the margins towards the label.

    Args:
        margin: (N,) score of the response listed first minus that of the second.
        target: (N,) probability that the first is the better one.

    >>> margin_distribution([1.0, 3.0, 9.0], [1.0, 0.0, 0.5]).margin_mean
    -1.0
    """
    margins, labels = np.asarray(margin, dtype=np.float64), np.asarray(target)
    towards = np.where(preferred_side(labels), -margins, margins)[~is_tie(labels)]
    if not len(towards):
        return MarginDistribution(None, None, None)
    quantiles = tuple(np.quantile(towards, QUANTILES).tolist())
    return MarginDistribution(float(towards.mean()), float(towards.std()), quantiles)


def towards_label(margin: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) score of the better response minus that of the other; NaN where the label is a tie or a score lacks.

    Args:
        margin: (N,) score of the response listed first minus that of the second.
        target: (N,) probability that the first is the better one.
    """
    return np.where(is_tie(target), np.nan, np.where(preferred_side(target), -margin, margin))


def margins(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N,) first score minus second, in double precision."""
    difference: NDArray[np.float64] = scores[:, 0].astype(np.float64) - scores[:, 1].astype(np.float64)
    return difference
