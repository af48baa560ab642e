"""Policies beside each other, by what judges say of the responses that each of them gave to the same prompts.

Shapes: P prompts, K responses of one policy to each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rmexp.statistics.shares import mean_share

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one judge says of a policy.

    Attributes:
        mean: score of its responses.
        gain: of the mean over that of the first policy, in standard deviations of the first policy's scores; 0
            where these are all the same.
        wins: probability in [0, 1] that a response of it beats one of the first policy to the same prompt, ties half.
        low: lower end of the 95 % interval of `wins` over prompts, see `mean_share`; None for fewer than two.
        high: upper end.
    """

    mean: float
    gain: float
    wins: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """A policy and what it cost.

    Attributes:
        name: of the policy.
        responses: that were judged.
        empty: responses without text, in whose place others were drawn.
        cut: responses that the limit ended.
        without: prompts to which it said nothing; no policy is judged on these.
        kl: from the first policy in nats a response, estimated on its own responses; of best-of-n a bound.
        words: mean length of a response, as white space parts it.
        seconds: of all training that it took, that of the models it needed among it, of best-of-n of sampling and
            scoring too; None where a model was given, or an earlier process has done a part.
        verdicts: by judge.
    """

    name: str
    responses: int
    empty: int
    cut: int
    without: int
    kl: float
    words: float
    seconds: float | None
    verdicts: Mapping[str, Verdict]


def verdict(scores: Sequence[Array], first: Sequence[Array]) -> Verdict:
    """Judge a policy against the first one.

    Args:
        scores: (K,) of its responses to each of P prompts.
        first: likewise, of the first policy's.

    >>> found = verdict([np.array([2.0, 0.0])], [np.array([1.0, -1.0])])
    >>> found.gain, found.wins
    (0.7071067811865475, 0.75)
    """
    by_prompt = [win_rate(own, other) for own, other in zip(scores, first, strict=True)]
    over_prompts = mean_share(by_prompt, np.arange(len(by_prompt)))
    pooled, base = np.concatenate(scores), np.concatenate(first)
    sd = float(base.std(ddof=1)) if (base != base[0]).any() else 0.0
    gain = float(pooled.mean() - base.mean()) / sd if sd else 0.0
    return Verdict(float(pooled.mean()), gain, float(np.mean(by_prompt)), over_prompts.low, over_prompts.high)


def win_rate(scores: Array, others: Array) -> float:
    """Share of all pairs of a score with another in which the first is higher, ties counting half.

    >>> win_rate(np.array([1.0, 2.0]), np.array([1.0]))
    0.75
    """
    difference = scores[:, None] - others[None, :]
    return float((difference > 0).mean() + (difference == 0).mean() / 2)
