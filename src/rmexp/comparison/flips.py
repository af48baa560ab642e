"""On which pairs the mean over prompt and response tokens puts the other response first than the sum over the response.

Shapes: N pairs, M of them with a preference.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmexp.evaluation.measures.orientation import order, pair_scores, preferred_first
from rmexp.metrics.preferred_side import is_tie
from rmexp.statistics.shares import Share, clustered_share

CLOSE, FAR = 1.1, 1.5  # ratio of the two responses' lengths


@dataclass(frozen=True, slots=True)
class FlipKind:
    """Pairs of one kind.

    Attributes:
        kind: what they have in common.
        flipped: share of them that the two reductions order in opposite ways.
        sum_right: share of the flipped ones that the sum orders as the label does; the mean is right on the others.
    """

    kind: str
    flipped: Share
    sum_right: Share


def flips(
    response_sum: ArrayLike, sequence_mean: ArrayLike, tokens: ArrayLike, target: ArrayLike, clusters: ArrayLike
) -> list[FlipKind]:
    """How often the order flips, over all pairs and kind by kind.

    Args:
        response_sum: (N, 2) implicit rewards, summed over response tokens.
        sequence_mean: (N, 2) the same log-ratios, averaged over prompt and response tokens.
        tokens: (N, 2) number of tokens of each response.
        target: (N,) probability that the first is the better one; pairs at 0.5 are left out.
        clusters: (N,) numbers of what is independent, such as prompts.

    >>> sums, means = [[-4.0, -3.0], [2.0, 1.0]], [[-0.1, -0.3], [0.2, 0.1]]
    >>> found = flips(sums, means, [[40, 10], [10, 10]], [1.0, 1.0], [0, 1])
    >>> [(row.kind, row.flipped.value) for row in found][:3]
    [('all', 0.5), ('lengths within 10 %', 0.0), ('lengths 50 % apart or more', 1.0)]
    """
    sums, means = pair_scores(response_sum, "response_sum"), pair_scores(sequence_mean, "sequence_mean")
    sums, means = preferred_first(sums, target), preferred_first(means, target)
    lengths, numbers = preferred_first(np.asarray(tokens), target), np.asarray(clusters)[~is_tie(np.asarray(target))]
    flipped, right = order(sums) * order(means) < 0, order(sums) > 0
    rows = []
    for kind, inside in _kinds(sums, lengths).items():
        if inside.any():
            turned = inside & flipped
            often = clustered_share(flipped[inside], numbers[inside])
            rows.append(FlipKind(kind, often, clustered_share(right[turned], numbers[turned])))
    return rows


def _kinds(sums: NDArray[Any], lengths: NDArray[Any]) -> Mapping[str, NDArray[np.bool_]]:
    """(M,) which pairs are of each kind; the kinds of one aspect part the pairs."""
    ratio = lengths.max(axis=1) / np.maximum(lengths.min(axis=1), 1)
    shorter_first = (order(sums) * order(lengths)) < 0
    negative = (sums < 0).sum(axis=1)
    size = np.abs(sums[:, 0] - sums[:, 1])
    median = np.median(size) if len(size) else 0.0
    return {
        "all": np.ones(len(sums), dtype=bool),
        "lengths within 10 %": ratio <= CLOSE,
        "lengths 10 to 50 % apart": (ratio > CLOSE) & (ratio < FAR),
        "lengths 50 % apart or more": ratio >= FAR,
        "the sum puts the shorter one first": shorter_first,
        "the sum puts the longer one first": (order(sums) * order(lengths)) > 0,
        "both sums negative": negative == 2,
        "sums of opposite sign": negative == 1,
        "both sums positive": negative == 0,
        "margin of the sum below its median": size < median,
        "margin of the sum at its median or above": size >= median,
    }
