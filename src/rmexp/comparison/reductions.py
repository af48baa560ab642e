"""The implicit reward as a sum over response tokens beside the mean over prompt and response tokens.

A mean over all tokens divides by the prompt's length: it dilutes the margin and mixes prompts of unequal length.
Where every log-ratio is negative the sum fails instead, for it penalises length.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmexp.evaluation.measures.accuracy import pairwise_accuracy
from rmexp.evaluation.measures.orientation import order, pair_scores, preferred_first
from rmexp.metrics.preferred_side import is_tie


class PromptLevel(NamedTuple):
    """The same N pairs behind prompts of one mean length.

    Attributes:
        prompt_tokens: mean number of prompt tokens.
        response_sum: (N, 2) implicit rewards, summed over response tokens.
        sequence_mean: (N, 2) the same log-ratios, averaged over prompt and response tokens.
    """

    prompt_tokens: float
    response_sum: ArrayLike
    sequence_mean: ArrayLike


@dataclass(frozen=True, slots=True)
class ReductionFigures:
    """One reduction at one prompt length; None where undefined.

    Attributes:
        margin: mean of preferred minus other.
        dilution: that margin divided by the one at the data's own prompts.
        within: accuracy within a prompt, equal scores counting one half.
        across: share of (preferred response of prompt i at its own length, other response of prompt j at this
            length, i != j) in which the preferred one scores higher.
    """

    margin: float | None
    dilution: float | None
    within: float | None
    across: float | None


@dataclass(frozen=True, slots=True)
class LevelFigures:
    """Both reductions at one prompt length.

    Attributes:
        prompt_tokens: mean number of prompt tokens.
        pairs: pairs with a preference.
        response_sum: figures of the sum over response tokens.
        sequence_mean: figures of the mean over prompt and response tokens.
        flips: pairs that the two put in opposite order.
        flipped: their indices in the input.
    """

    prompt_tokens: float
    pairs: int
    response_sum: ReductionFigures
    sequence_mean: ReductionFigures
    flips: int
    flipped: tuple[int, ...]


def reductions(levels: Sequence[PromptLevel], target: ArrayLike) -> tuple[LevelFigures, ...]:
    """Margins, order within and across prompts of both reductions at each prompt length.

    Args:
        levels: the data's own prompts first, then the same pairs behind longer ones.
        target: (N,) probability that the first response is the better one.

    Returns:
        One record a level, in the order given.
    """
    if not levels:
        return ()
    first = levels[0]
    return tuple(_level(level, first, target) for level in levels)


def _level(level: PromptLevel, first: PromptLevel, target: ArrayLike) -> LevelFigures:
    sums, means = pair_scores(level.response_sum, "response_sum"), pair_scores(level.sequence_mean, "sequence_mean")
    opposite = order(sums) * order(means) < 0
    flipped = np.flatnonzero(opposite & ~is_tie(np.asarray(target)))
    return LevelFigures(
        prompt_tokens=float(level.prompt_tokens),
        pairs=int((~is_tie(np.asarray(target))).sum()),
        response_sum=_figures(sums, pair_scores(first.response_sum), target),
        sequence_mean=_figures(means, pair_scores(first.sequence_mean), target),
        flips=len(flipped),
        flipped=tuple(int(index) for index in flipped),
    )


def _figures(scores: NDArray[np.float32], first: NDArray[np.float32], target: ArrayLike) -> ReductionFigures:
    here, own = pairwise_accuracy(scores, target), pairwise_accuracy(first, target)
    diluted = here.margin_mean / own.margin_mean if here.margin_mean is not None and own.margin_mean else None
    across = across_prompts(preferred_first(first, target)[:, 0], preferred_first(scores, target)[:, 1])
    return ReductionFigures(here.margin_mean, diluted, here.accuracy, across)


def across_prompts(preferred: ArrayLike, other: ArrayLike) -> float | None:
    """Share of i != j with preferred[i] > other[j], equal scores counting one half; None for fewer than two prompts.

    Args:
        preferred: (N,) score of each prompt's preferred response.
        other: (N,) score of each prompt's other response.

    >>> across_prompts([1.0, 5.0], [0.0, 3.0])
    0.5
    """
    high, low = np.asarray(preferred), np.asarray(other)
    n = len(high)
    if n < 2:
        return None
    ranked = np.sort(low)
    wins = (np.searchsorted(ranked, high, "left") + np.searchsorted(ranked, high, "right")).sum() / 2
    own_prompt = (high > low).sum() + (high == low).sum() / 2
    return float((wins - own_prompt) / (n * (n - 1)))
