"""Whether sigmoid(margin) is the probability that it claims to be.

A pair has no first side by nature, so what is judged is confidence: the probability in [0.5, 1] that the scorer gives
to the response it prefers, against how often that one is indeed preferred. Shapes: N pairs.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, ndtr, stdtr

from rmexp.evaluation.measures.usable_information import pair_nll
from rmexp.metrics.preferred_side import is_tie
from rmexp.statistics.means import mean_and_error

BINS = 10  # of confidence, equally wide from 0.5 to 1
_STEPS = 100  # of Newton's method at most; about ten are needed


class Bin(NamedTuple):
    """The pairs of one bin of confidence.

    Attributes:
        low: its lower end, which belongs to it.
        high: its upper end.
        n: pairs in it.
        confidence: mean in it; None without pairs.
        accuracy: share of them that the label orders as the scorer does; None without pairs.
        error: standard deviation that this share would have if the confidences were right.
    """

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None
    error: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far probabilities can be taken at their word; None where there is no pair to tell.

    Attributes:
        brier: mean squared distance of sigmoid(margin) from the label; 0.25 is a coin.
        ece: expected calibration error: distance of confidence from accuracy in a bin, averaged over the pairs.
        ece_if_calibrated: what it would be on average, with as many pairs, if all confidences were right: never 0.
        calibration_z: Spiegelhalter's statistic, positive for too much confidence: standard normal if calibrated.
        calibration_p: two-sided p-value that the margins are calibrated: the greater one of that of the statistic, its
            variance larger where the pairs of a cluster are alike, and of that of Student's t over clusters. The first
            is too small where one of many sure pairs is wrong, the second where none is. None where a label is no
            certain one, or all pairs depend on each other.
        temperature: what margins must be divided by to be calibrated as a whole: above 1 they are overconfident; None
            where none is best, since the pairs are ordered perfectly, or no better than by a coin.
        nll_at_temperature: log-loss with it, in nats.
    """

    brier: float | None
    ece: float | None
    ece_if_calibrated: float | None
    calibration_z: float | None
    calibration_p: float | None
    temperature: float | None
    nll_at_temperature: float | None


def calibration(margin: ArrayLike, target: ArrayLike, clusters: ArrayLike | None = None) -> Calibration:
    """Judge the margins of one scorer.

    Args:
        margin: (N,) score of the response listed first minus that of the second, as log-odds.
        target: (N,) probability in [0, 1] that the first is the better one. Labelled ties count for the Brier score and
            the temperature, not for the bins.
        clusters: (N,) numbers of what is independent, such as prompts; None where every pair is.

    Source: Brier 1950; Naeini, Cooper and Hauskrecht 2015 for the error in bins; Spiegelhalter 1986, "Probabilistic
        prediction in patient management and clinical trials"; Guo et al. 2017, "On calibration of modern neural
        networks", for the temperature.
    """
    margins, labels = np.asarray(margin, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if not len(margins):
        return Calibration(None, None, None, None, None, None, None)
    brier = float(((expit(margins) - labels) ** 2).mean())
    bins = reliability(margins, labels)
    numbers = np.arange(len(margins)) if clusters is None else np.asarray(clusters)
    z, p = _spiegelhalter(margins, labels, numbers)
    scale = temperature(margins, labels)
    scaled = None if scale is None else float(pair_nll(margins / scale, labels).mean())
    return Calibration(
        brier,
        expected_calibration_error(bins),
        _expected_by_chance(bins),
        z,
        p,
        scale,
        scaled,
    )


def reliability(margin: ArrayLike, target: ArrayLike) -> tuple[Bin, ...]:
    """Confidence and accuracy in `BINS` bins, of pairs whose label is no tie; equal scores count one half at 0.5.

    Args:
        margin: (N,) score of the response listed first minus that of the second.
        target: (N,) probability that the first is the better one.
    """
    confidence, right = _confidence(margin, target)
    places = np.minimum(((confidence - 0.5) * 2 * BINS).astype(np.int64), BINS - 1)
    counts = np.bincount(places, minlength=BINS)
    variance = confidence * (1 - confidence)
    sums = [np.bincount(places, values, minlength=BINS) for values in (confidence, right, variance)]
    edges = np.linspace(0.5, 1, BINS + 1)
    return tuple(
        Bin(float(low), float(high), int(n), *((s / n, r / n, float(np.sqrt(v)) / n) if n else (None, None, None)))
        for low, high, n, s, r, v in zip(
            edges[:-1], edges[1:], counts, *(column.tolist() for column in sums), strict=True
        )
    )


def expected_calibration_error(bins: tuple[Bin, ...]) -> float | None:
    """Mean over pairs of the distance between confidence and accuracy of their bin; None without pairs."""
    n = sum(place.n for place in bins)
    gaps = (place.n * abs(place.confidence - place.accuracy) for place in bins if place.n)  # type: ignore[operator]
    return sum(gaps) / n if n else None


def temperature(margin: ArrayLike, target: ArrayLike) -> float | None:
    """The number to divide margins by for the least log-loss; None where no finite positive one is best.

    Args:
        margin: (N,) score of the response listed first minus that of the second.
        target: (N,) probability in [0, 1] that the first is the better one.

    >>> round(temperature([2.0, 2.0, 2.0, -2.0], [1.0, 1.0, 1.0, 1.0]), 4)  # 3 of 4: log-odds of log 3
    1.8205
    """
    margins, labels = np.asarray(margin, dtype=np.float64), np.asarray(target, dtype=np.float64)

    def slopes(scale: float) -> tuple[float, float]:
        """First and second derivative of the log-loss over the inverse of the temperature, in which it is convex."""
        p = expit(scale * margins)
        return float((margins * (p - labels)).mean()), float((margins * margins * p * (1 - p)).mean())

    if not margins.any() or slopes(0.0)[0] >= 0 or float((margins * ((margins > 0) - labels)).mean()) <= 0:
        return None  # no better than a coin, or, by the slope at infinity, ordered perfectly: the larger, the better
    low, high = 0.0, 1 / float(np.abs(margins).mean())
    while slopes(high)[0] < 0:
        low, high = high, 2 * high
    scale = high
    for _ in range(_STEPS):
        first, second = slopes(scale)
        low, high = (scale, high) if first < 0 else (low, scale)
        step = first / second if second else np.inf
        following = scale - step if low < scale - step < high else (low + high) / 2
        if abs(following - scale) <= 1e-12 * scale:
            break
        scale = following
    return 1 / scale


def _confidence(margin: ArrayLike, target: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of the pairs with a preference: confidence, and the probability that the preferred response is the better one."""
    margins, labels = np.asarray(margin, dtype=np.float64), np.asarray(target, dtype=np.float64)
    decided = ~is_tie(labels)
    margins, labels = margins[decided], labels[decided]
    right = np.where(margins > 0, labels, np.where(margins < 0, 1 - labels, 0.5))
    return expit(np.abs(margins)), right


def _spiegelhalter(
    margin: NDArray[np.float64], target: NDArray[np.float64], clusters: NDArray[Any]
) -> tuple[float | None, float | None]:
    """(observed - expected Brier score) over its standard deviation, and p; of pairs that are labelled for certain."""
    decided = ~is_tie(target)
    labels, p = target[decided], expit(margin[decided])
    variance = float(((1 - 2 * p) ** 2 * p * (1 - p)).sum())
    if not variance or not np.isin(labels, (0.0, 1.0)).all():
        return None, None
    excess = (labels - p) * (1 - 2 * p)
    z = float(excess.sum()) / math.sqrt(variance)
    _, numbers = np.unique(clusters[decided], return_inverse=True)
    sizes = np.bincount(numbers)
    if len(sizes) < 2:
        return z, None
    sums, largest = np.bincount(numbers, excess), float(np.abs(excess).max())  # whose square may be too small a number
    effect = max(1.0, float(((sums / largest) ** 2).sum() / ((excess / largest) ** 2).sum()))  # of pairs that are alike
    fit = mean_and_error(sums, sizes)
    by_cluster = 2 * float(stdtr(fit.freedom, -abs(fit.mean) / fit.error)) if fit.error > 0 else 0.0
    return z, max(2 * float(ndtr(-abs(z) / math.sqrt(effect))), by_cluster)


def _expected_by_chance(bins: tuple[Bin, ...]) -> float | None:
    """Mean distance of a normal variable from its mean is sqrt(2 / pi) standard deviations."""
    n = sum(place.n for place in bins)
    spread = sum(place.n * place.error for place in bins if place.error is not None)
    return float(np.sqrt(2 / np.pi)) * spread / n if n else None
