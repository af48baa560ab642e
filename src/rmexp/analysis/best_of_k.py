"""Whether the response that a scorer likes best of several is indeed the best."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rmexp.statistics.shares import share


@dataclass(frozen=True, slots=True)
class BestOfK:
    """One scorer on lists of responses whose worth is known; None without lists.

    Attributes:
        n: lists.
        accuracy: share of them in which the response with the highest score has the highest worth; responses that share
            the highest score share the pick.
        accuracy_low: lower end of the 95 % Wilson interval.
        accuracy_high: upper end.
        tie_rate: share of lists in which several responses share the highest score.
        chance: accuracy of a random pick.
        gold_picked: mean worth of the pick.
        gold_random: of a random one.
        gold_best: of the best.
    """

    n: int
    accuracy: float | None
    accuracy_low: float | None
    accuracy_high: float | None
    tie_rate: float | None
    chance: float | None
    gold_picked: float | None
    gold_random: float | None
    gold_best: float | None

    def to_row(self) -> dict[str, Any]:
        """For evaluation.json."""
        return asdict(self)


def best_of_k(scores: Sequence[Sequence[float]], gold: Sequence[Sequence[float]]) -> BestOfK:
    """Judge the picks of one scorer.

    Args:
        scores: of the responses of each list, compared in float32; lists may differ in length.
        gold: true worth of the same responses.

    Raises:
        ValueError: a list has not one score for each worth.

    >>> best_of_k([[1.0, 2.0], [3.0, 3.0, 0.0]], [[0.0, 1.0], [1.0, 0.0, 0.0]]).accuracy
    0.75
    """
    if not scores:
        return BestOfK(0, *[None] * 8)
    if [len(row) for row in scores] != [len(row) for row in gold]:
        raise ValueError("every list must have one score for each of its responses' worth")
    rows = np.array([_picked(*row) for row in zip(scores, gold, strict=True)])
    credit, tied, chance, picked, random, best = rows.mean(axis=0).tolist()
    accuracy = share(float(rows[:, 0].sum()), len(rows))
    return BestOfK(len(rows), credit, accuracy.low, accuracy.high, tied, chance, picked, random, best)


def _picked(scores: Sequence[float], gold: Sequence[float]) -> tuple[float, ...]:
    values, worth = np.asarray(scores, dtype=np.float32), np.asarray(gold, dtype=np.float64)
    top, best = values == values.max(), worth == worth.max()
    return best[top].mean(), float(top.sum() > 1), best.mean(), worth[top].mean(), worth.mean(), worth.max()
