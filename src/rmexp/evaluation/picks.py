"""Whether the response that a scorer likes best of a list is indeed the best.

Shapes: N lists, K responses of the longest one.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Picks:
    """What a scorer's picks are worth, on average over lists; None without lists.

    Attributes:
        chance: share of lists in which a random pick is the best.
        gold_picked: worth of the pick.
        gold_random: of a random one.
        gold_best: of the best.
    """

    chance: float | None
    gold_picked: float | None
    gold_random: float | None
    gold_best: float | None


class Picked(NamedTuple):
    """The pick of each list.

    Attributes:
        credit: (N,) share of the responses with the highest score that have the highest worth.
        tie: (N,) 1 where several responses share the highest score, else 0.
        chance: (N,) credit of a random pick.
        worth: (N,) of the pick, on average over responses that share the highest score.
        random: (N,) mean worth.
        best: (N,) highest worth.
    """

    credit: NDArray[np.float64]
    tie: NDArray[np.float64]
    chance: NDArray[np.float64]
    worth: NDArray[np.float64]
    random: NDArray[np.float64]
    best: NDArray[np.float64]

    def mean(self) -> Picks:
        """Over the lists."""
        if not len(self.credit):
            return Picks(None, None, None, None)
        return Picks(*(float(each.mean()) for each in (self.chance, self.worth, self.random, self.best)))


def picked(scores: NDArray[np.float64], gold: NDArray[np.float64]) -> Picked:
    """Judge the picks of one scorer.

    Args:
        scores: (N, K) of the responses, compared in float32; every response has one.
        gold: (N, K) true worth of the same responses, NaN beyond the end of a list.

    >>> picked(np.array([[1.0, 2.0]]), np.array([[0.0, 1.0]])).credit.tolist()
    [1.0]
    """
    there = ~np.isnan(gold)
    values = np.where(there, scores, -np.inf).astype(np.float32)
    worth = np.where(there, gold, -np.inf)
    top, best = values == values.max(axis=1, keepdims=True), worth == worth.max(axis=1, keepdims=True)
    top, best, known = top & there, best & there, np.where(there, gold, 0.0)
    tops, count = top.sum(axis=1), there.sum(axis=1)
    return Picked(
        credit=(top & best).sum(axis=1) / tops,
        tie=(tops > 1).astype(np.float64),
        chance=best.sum(axis=1) / count,
        worth=(known * top).sum(axis=1) / tops,
        random=known.sum(axis=1) / count,
        best=worth.max(axis=1),
    )
