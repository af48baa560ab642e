"""How close a scorer comes to true preference probabilities, free of the noise of the labels.

Shapes: N pairs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmexp.evaluation.measures.ceiling import Truth, weighted_mean
from rmexp.evaluation.measures.margins import margins
from rmexp.evaluation.measures.orientation import pair_scores
from rmexp.metrics.pair_credit import pair_credit

BINS = 15  # of predicted probability, equally wide
LARGEST_LOGIT = 6.0  # of true probabilities that the slope looks at: 0.0025 to 0.9975


@dataclass(frozen=True, slots=True)
class AgainstTruth:
    """One scorer's margins against the true probabilities.

    Attributes:
        expected_accuracy: accuracy without the noise of the labels: the mean true probability of the response that
            scores higher, equal scores counting one half; pairs weigh what their label is likely to be no tie.
        ece: expected calibration error: distance of the mean predicted from the mean true probability in each bin of
            sigmoid(margin), averaged over the pairs.
        mean_absolute_error: of sigmoid(margin) from the true probability.
        slope: of the least-squares line of margin on the log-odds of the true probability: 1 is right, below 1 is
            underconfident; None where all log-odds are equal.
        intercept: of that line.
        slope_pairs: pairs that the line is drawn through, those with log-odds within `LARGEST_LOGIT`: beyond it a wrong
            margin no longer changes the probability.
    """

    expected_accuracy: float | None
    ece: float
    mean_absolute_error: float
    slope: float | None
    intercept: float | None
    slope_pairs: int


def against_truth(scores: ArrayLike, truth: Truth) -> AgainstTruth:
    """Compare the margins of one scorer with the true probabilities.

    Args:
        scores: (N, 2) of the responses listed first and second, on the scale of log-odds.
        truth: of these pairs.

    Raises:
        ValueError: there are more or fewer scores than pairs.

    Source: Naeini, Cooper and Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian binning", for
        the expected calibration error, here against probabilities where they use drawn labels.
    """
    values = pair_scores(scores)
    if values.shape[0] != len(truth.probability):
        raise ValueError(f"expected scores of {len(truth.probability)} pairs, got {len(values)}")
    predicted = _sigmoid(margins(values))
    first = truth.without_ties
    credit = pair_credit(values[:, 0].astype(np.float64), values[:, 1].astype(np.float64), np.ones(len(values))).credit
    slope, intercept, pairs = _line(margins(values), truth.probability)
    return AgainstTruth(
        expected_accuracy=weighted_mean(credit * first + (1 - credit) * (1 - first), 1 - truth.tie),
        ece=calibration_error(predicted, truth.probability),
        mean_absolute_error=float(np.abs(predicted - truth.probability).mean()),
        slope=slope,
        intercept=intercept,
        slope_pairs=pairs,
    )


def calibration_error(predicted: ArrayLike, truth: ArrayLike) -> float:
    """Expected calibration error over `BINS` equally wide bins.

    Args:
        predicted: (N,) probabilities in [0, 1]; a bin holds its lower end, the last one both.
        truth: (N,) true probabilities, or labels in [0, 1].

    >>> calibration_error([0.61, 0.65, 0.99], [0.5, 0.8, 0.99])  # 0.61 and 0.65 share the bin from 9/15 to 10/15
    0.0133...
    """
    probabilities, truths = np.asarray(predicted, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    bins = np.minimum((probabilities * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(bins, weights=probabilities - truths, minlength=BINS)
    return float(np.abs(gaps).sum() / len(probabilities))


def _line(margin: NDArray[np.float64], probability: NDArray[np.float64]) -> tuple[float | None, float | None, int]:
    """Slope, intercept and pairs of the least-squares line; see `AgainstTruth`."""
    inside = (probability > 0) & (probability < 1)
    logit = np.full_like(probability, np.inf)
    logit[inside] = np.log(probability[inside]) - np.log1p(-probability[inside])
    kept = np.abs(logit) <= LARGEST_LOGIT
    x, y = logit[kept], margin[kept]
    if len(x) < 2 or np.ptp(x) == 0:
        return None, None, len(x)
    slope = float(((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum())
    return slope, float(y.mean() - slope * x.mean()), len(x)


def _sigmoid(margin: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = np.exp(-np.logaddexp(0.0, -margin))
    return result
