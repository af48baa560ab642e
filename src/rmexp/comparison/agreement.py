"""Whether the explicit and the implicit reward put the same response first, and how alike they rank."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rmexp.evaluation.measures.orientation import order, pair_scores, preferred_first
from rmexp.statistics.correlation import kendall, spearman
from rmexp.statistics.mcnemar import mcnemar


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two scorers on the same pairs; None where a figure is undefined.

    Two separated clusters with random order inside give a pooled Spearman of 0.75, so a pooled correlation says
    little about the order inside a class: the classes stand apart.

    Attributes:
        pairs: pairs with a preference; all other figures are over these.
        label_ties: pairs left out because the label is a tie.
        same_order: share of pairs on which both put the same response first; a tie agrees only with a tie.
        spearman: rank correlation over all 2 x pairs responses.
        kendall: tau-b over the same.
        spearman_chosen: rank correlation among the preferred responses alone.
        kendall_chosen: tau-b among them.
        spearman_rejected: rank correlation among the other responses alone.
        kendall_rejected: tau-b among them.
        spearman_margin: rank correlation of the margins, preferred minus other.
        both_right: pairs that both order as the label does; equal scores are no order and count as not right.
        only_explicit: pairs that only the explicit reward orders as the label does.
        only_implicit: pairs that only the implicit reward orders as the label does.
        both_wrong: pairs that neither does.
        mcnemar_p: exact two-sided McNemar test on the discordant pairs, 1.0 when there are none; None where pairs
            depend on each other.
    """

    pairs: int
    label_ties: int
    same_order: float | None
    spearman: float | None
    kendall: float | None
    spearman_chosen: float | None
    kendall_chosen: float | None
    spearman_rejected: float | None
    kendall_rejected: float | None
    spearman_margin: float | None
    both_right: int
    only_explicit: int
    only_implicit: int
    both_wrong: int
    mcnemar_p: float | None


def agreement(
    explicit: ArrayLike, implicit: ArrayLike, target: ArrayLike, clusters: ArrayLike | None = None
) -> Agreement:
    """Agreement of two scorers in order, rank and correctness.

    Args:
        explicit: (N, 2) scores of the reward model, compared in float32.
        implicit: (N, 2) implicit rewards of the policy.
        target: (N,) probability that the first response is the better one.
        clusters: (N,) numbers of what is independent, such as prompts; None where every pair is.

    Raises:
        ValueError: the two do not score the same number of pairs.

    >>> agreement([[2, 1], [0, 1], [3, 1]], [[5, 1], [4, 0], [1, 1]], [1, 1, 1]).same_order
    0.3333333333333333
    """
    first, second = pair_scores(explicit, "explicit"), pair_scores(implicit, "implicit")
    if len(first) != len(second):
        raise ValueError(f"both must score the same pairs, got {len(first)} explicit and {len(second)} implicit")
    total, numbers = len(first), np.arange(len(first)) if clusters is None else np.asarray(clusters)
    independent = len(np.unique(numbers)) == len(numbers)
    first, second = preferred_first(first, target), preferred_first(second, target)
    orders = order(first), order(second)
    right = orders[0] > 0, orders[1] > 0
    only_explicit, only_implicit = int((right[0] & ~right[1]).sum()), int((~right[0] & right[1]).sum())
    return Agreement(
        pairs=len(first),
        label_ties=total - len(first),
        same_order=float((orders[0] == orders[1]).mean()) if len(first) else None,
        spearman=spearman(first.ravel(), second.ravel()),
        kendall=kendall(first.ravel(), second.ravel()),
        spearman_chosen=spearman(first[:, 0], second[:, 0]),
        kendall_chosen=kendall(first[:, 0], second[:, 0]),
        spearman_rejected=spearman(first[:, 1], second[:, 1]),
        kendall_rejected=kendall(first[:, 1], second[:, 1]),
        spearman_margin=spearman(first[:, 0] - first[:, 1], second[:, 0] - second[:, 1]),
        both_right=int((right[0] & right[1]).sum()),
        only_explicit=only_explicit,
        only_implicit=only_implicit,
        both_wrong=int((~right[0] & ~right[1]).sum()),
        mcnemar_p=mcnemar(only_explicit, only_implicit) if independent else None,
    )
