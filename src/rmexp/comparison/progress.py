"""How two scorers come to agree while they are trained: the same held-out pairs at the same share of both trainings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rmexp.comparison.agreement import agreement
from rmexp.evaluation.measures.accuracy import pairwise_accuracy


class Moment(NamedTuple):
    """What a model in training gives to N pairs.

    Attributes:
        progress: share of its training, in (0, 1].
        rewards: (N, 2) of the responses listed first and second.
    """

    progress: float
    rewards: NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class ProgressPoint:
    """Both models at one share of their trainings; None where undefined.

    Attributes:
        progress: that share.
        explicit_accuracy: of the reward model.
        implicit_accuracy: of the policy.
        same_order: share of pairs on which both put the same response first.
        spearman_margin: rank correlation of the margins, preferred minus other.
        explicit_settled: share of pairs that the reward model orders as at its end.
        implicit_settled: the same of the policy.
    """

    progress: float
    explicit_accuracy: float | None
    implicit_accuracy: float | None
    same_order: float | None
    spearman_margin: float | None
    explicit_settled: float | None
    implicit_settled: float | None


def progress(
    explicit: Sequence[Moment], implicit: Sequence[Moment], target: NDArray[np.floating[Any]]
) -> tuple[ProgressPoint, ...]:
    """Compare at every share of training at which the reward model was validated.

    Args:
        explicit: validations of the reward model, in the order of training.
        implicit: of the policy; of those the last is taken that lies no later, so that both have learnt as long.
        target: (N,) probability that the first response is the better one.

    Returns:
        One record for each validation of the reward model that has one of the policy; none where either has none.
    """
    points = []
    for moment in explicit:
        earlier = [other for other in implicit if other.progress <= moment.progress + 1e-9]
        if earlier:
            ends = explicit[-1].rewards, implicit[-1].rewards
            points.append(_point(moment, earlier[-1], *ends, target))
    return tuple(points)


def _point(explicit: Moment, implicit: Moment, last_explicit: Any, last_implicit: Any, target: Any) -> ProgressPoint:
    both = agreement(explicit.rewards, implicit.rewards, target)
    return ProgressPoint(
        explicit.progress,
        pairwise_accuracy(explicit.rewards, target).accuracy,
        pairwise_accuracy(implicit.rewards, target).accuracy,
        both.same_order,
        both.spearman_margin,
        agreement(explicit.rewards, last_explicit, target).same_order,
        agreement(implicit.rewards, last_implicit, target).same_order,
    )
