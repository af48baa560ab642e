"""How often the preferred response scores higher, and where the rewards lie."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmexp.evaluation.measures.orientation import pair_scores, preferred_first
from rmexp.metrics.pair_credit import pair_credit
from rmexp.statistics.shares import Share, clustered_share


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Pairwise accuracy and reward ranges of one scorer; None where no pair has a preference.

    Attributes:
        n: pairs with a preference; all other figures are over these.
        accuracy: share of them whose preferred response scores higher, equal scores counting one half.
        accuracy_low: lower end of its 95 % interval, see `clustered_share`.
        accuracy_high: upper end.
        tie_rate: share of them with equal scores.
        label_ties: pairs left out because the label is a tie.
        chosen_min: lowest score of a preferred response.
        chosen_mean: mean score of the preferred responses.
        chosen_max: highest score of a preferred response.
        rejected_min: lowest score of the other responses.
        rejected_mean: their mean score.
        rejected_max: their highest score.
        margin_mean: mean of preferred minus other.
        few: whether the interval is a rough one, see `Share`; not known in older files.
    """

    n: int
    accuracy: float | None
    accuracy_low: float | None
    accuracy_high: float | None
    tie_rate: float | None
    label_ties: int
    chosen_min: float | None = None
    chosen_mean: float | None = None
    chosen_max: float | None = None
    rejected_min: float | None = None
    rejected_mean: float | None = None
    rejected_max: float | None = None
    margin_mean: float | None = None
    few: bool = False


def pairwise_accuracy(scores: ArrayLike, target: ArrayLike, clusters: ArrayLike | None = None) -> Accuracy:
    """Accuracy of one scorer with interval, ties and reward ranges.

    Args:
        scores: (N, 2) scores of the responses listed first and second; compared in float32.
        target: (N,) probability that the first is the better one.
        clusters: (N,) numbers of what is independent, such as prompts; None where every pair is.

    >>> figures = pairwise_accuracy([[2.0, 1.0], [1.0, 1.0], [0.0, 3.0]], [1.0, 1.0, 0.0])
    >>> figures.n, round(figures.accuracy, 3), figures.margin_mean
    (3, 0.833, 1.3333333333333333)
    """
    values, labels = pair_scores(scores), np.asarray(target)
    oriented = preferred_first(values, labels)
    n = len(oriented)
    if n == 0:
        return Accuracy(0, None, None, None, None, label_ties=len(values))
    credit = pair_credit(values[:, 0], values[:, 1], labels)
    numbers, labelled = np.arange(len(values)) if clusters is None else np.asarray(clusters), credit.weight > 0
    accuracy = clustered_share(credit.credit[labelled], numbers[labelled])
    return Accuracy(
        n,
        accuracy.value,
        accuracy.low,
        accuracy.high,
        tie_rate=float(credit.tie.sum()) / n,
        label_ties=len(values) - n,
        **_range("chosen", oriented[:, 0]),
        **_range("rejected", oriented[:, 1]),
        margin_mean=float((oriented[:, 0].astype(np.float64) - oriented[:, 1]).mean()),
        few=accuracy.few,
    )


def clustered_accuracy(scores: ArrayLike, target: ArrayLike, clusters: NDArray[Any]) -> Share:
    """Accuracy of one scorer, with an interval that takes clusters of pairs as independent.

    Args:
        scores: (N, 2) scores of the responses listed first and second; compared in float32.
        target: (N,) probability that the first is the better one.
        clusters: (N,) numbers of what is independent of each other.

    >>> clustered_accuracy([[2.0, 1.0], [1.0, 1.0], [0.0, 3.0]], [1.0, 0.5, 1.0], np.array([0, 1, 2])).value
    0.5
    """
    values, labels = pair_scores(scores), np.asarray(target)
    credit = pair_credit(values[:, 0], values[:, 1], labels)
    labelled = credit.weight > 0
    return clustered_share(credit.credit[labelled], clusters[labelled])


def _range(name: str, scores: NDArray[np.float32]) -> dict[str, float]:
    mean = float(scores.mean(dtype=np.float64))
    return {f"{name}_min": float(scores.min()), f"{name}_mean": mean, f"{name}_max": float(scores.max())}
