"""One scorer on held-out pairs: accuracy, log-loss and usable information, over all of them and slice by slice."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmexp.analysis.accuracy import pairwise_accuracy
from rmexp.analysis.orientation import pair_scores
from rmexp.analysis.usable_information import pair_nll


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Figures of one scorer on one set of pairs; None where there is nothing to count.

    Attributes:
        n: pairs.
        label_ties: pairs of them whose label is a tie; they count for `nll`, not for `accuracy`.
        accuracy: share of the others in the right order, equal scores counting one half.
        accuracy_low: lower end of the 95 % Wilson interval.
        accuracy_high: upper end.
        tie_rate: share of them with equal scores.
        nll: mean of -log sigmoid(margin) towards the label, in nats; ln 2 = 0.693 is a coin.
        usable_bits: 1 - nll / ln 2, in bits.
        usable_bits_low: lower end of its 95 % interval, mean -+ 1.96 standard errors.
        usable_bits_high: upper end.
    """

    n: int
    label_ties: int
    accuracy: float | None
    accuracy_low: float | None
    accuracy_high: float | None
    tie_rate: float | None
    nll: float | None
    usable_bits: float | None
    usable_bits_low: float | None
    usable_bits_high: float | None

    def to_row(self) -> dict[str, Any]:
        """For summaries."""
        return asdict(self)


def held_out(scores: ArrayLike, target: ArrayLike) -> HeldOut:
    """Figures over all pairs.

    Args:
        scores: (N, 2) scores of the responses listed first and second, on the scale of log-odds.
        target: (N,) probability in [0, 1] that the first is the better one.

    >>> figures = held_out([[0.0, 0.0], [3.0, 0.0]], [1.0, 1.0])
    >>> figures.accuracy, round(figures.nll, 3), round(figures.usable_bits, 3)
    (0.75, 0.371, 0.465)
    """
    values, labels = pair_scores(scores), np.asarray(target, dtype=np.float64)
    accuracy = pairwise_accuracy(values, labels)
    shared = (accuracy.accuracy, accuracy.accuracy_low, accuracy.accuracy_high, accuracy.tie_rate)
    if not len(values):
        return HeldOut(0, 0, *shared, None, None, None, None)
    losses = pair_nll(margins(values), labels)
    nll = float(losses.mean())
    error = float(losses.std(ddof=1)) / np.sqrt(len(losses)) if len(losses) > 1 else float("inf")
    bits, half_width = 1 - nll / np.log(2), 1.96 * error / np.log(2)
    bounds = (float(bits - half_width), float(bits + half_width)) if np.isfinite(half_width) else (None, None)
    return HeldOut(len(values), accuracy.label_ties, *shared, nll, float(bits), *bounds)


def by_slice(scores: ArrayLike, target: ArrayLike, slices: Sequence[str]) -> dict[str, HeldOut]:
    """Figures of each slice that occurs, in the order of its first pair.

    Args:
        scores: (N, 2) as for `held_out`.
        target: (N,) likewise.
        slices: N names.
    """
    values, labels, names = pair_scores(scores), np.asarray(target), np.asarray(slices)
    return {name: held_out(values[names == name], labels[names == name]) for name in dict.fromkeys(slices)}


def margins(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N,) first score minus second, in double precision."""
    difference: NDArray[np.float64] = scores[:, 0].astype(np.float64) - scores[:, 1].astype(np.float64)
    return difference
