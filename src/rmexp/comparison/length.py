"""Whether a scorer is helped or hurt by the length of the responses."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmexp.evaluation.measures.orientation import order, pair_scores, preferred_first
from rmexp.metrics.preferred_side import is_tie
from rmexp.statistics.correlation import spearman
from rmexp.statistics.shares import Share, clustered_share


@dataclass(frozen=True, slots=True)
class LengthEffect:
    """One scorer's accuracy by which response is longer, and score against length inside a class.

    Attributes:
        chosen_longer: accuracy where the preferred response has more tokens.
        chosen_shorter: accuracy where it has fewer.
        equal_length: accuracy where both have as many.
        spearman_chosen: rank correlation of score and length among the preferred responses; None where undefined.
        spearman_rejected: the same among the other responses.
        clusters: how many of the pairs are independent of each other; 0 in older files, where it is not known.
    """

    chosen_longer: Share
    chosen_shorter: Share
    equal_length: Share
    spearman_chosen: float | None
    spearman_rejected: float | None
    clusters: int = 0

    @property
    def told(self) -> float:
        """From which size on a correlation inside a class is told from chance: of 20 that are 0 one reaches it."""
        return 1.96 / max(1, self.clusters - 1) ** 0.5 if self.clusters else 0.0


def length_effect(scores: ArrayLike, tokens: ArrayLike, target: ArrayLike, clusters: ArrayLike) -> LengthEffect:
    """Accuracy where the preferred response is longer and where it is shorter.

    Args:
        scores: (N, 2) scores of one scorer, compared in float32.
        tokens: (N, 2) number of tokens of each response.
        target: (N,) probability that the first response is the better one.
        clusters: (N,) numbers of what is independent, such as prompts.

    Raises:
        ValueError: not one length a response.
    """
    values, lengths = pair_scores(scores), np.asarray(tokens)
    if lengths.shape != values.shape:
        raise ValueError(f"`tokens` must have the shape of the scores, {values.shape}, got {lengths.shape}")
    numbers = np.asarray(clusters)[~is_tie(np.asarray(target))]
    values, lengths = preferred_first(values, target), preferred_first(lengths, target)
    credit = (order(values) + 1) / 2  # 1 right, 0.5 equal, 0 wrong: the preferred one is first
    longer, shorter = lengths[:, 0] > lengths[:, 1], lengths[:, 0] < lengths[:, 1]

    def accuracy(part: NDArray[np.bool_]) -> Share:
        return clustered_share(credit[part], numbers[part])

    return LengthEffect(
        chosen_longer=accuracy(longer),
        chosen_shorter=accuracy(shorter),
        equal_length=accuracy(~longer & ~shorter),
        spearman_chosen=spearman(values[:, 0], lengths[:, 0]),
        spearman_rejected=spearman(values[:, 1], lengths[:, 1]),
        clusters=len(np.unique(numbers)),
    )
