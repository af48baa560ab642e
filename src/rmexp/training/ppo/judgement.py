"""What fresh samples say of a policy, before it learns and after."""

from statistics import fmean, stdev
from typing import NamedTuple

from rmexp.training.ppo.collapse import PolicyCollapsed
from rmexp.training.ppo.experience import TokenFigures, sampled_figures
from rmexp.training.ppo.sampler import Samples


class Judgement(NamedTuple):
    """A policy by its responses.

    Attributes:
        mean: reward of responses with text.
        sd: of that reward.
        gold_sd: of the true reward; None where nobody knows it.
        samples: responses.
        figures: see `sampled_figures`.
    """

    mean: float
    sd: float
    gold_sd: float | None
    samples: int
    figures: dict[str, float]


def judgement(samples: Samples, figures: TokenFigures) -> Judgement:
    """Mean and deviation of the rewards of samples, and what else is watched.

    Raises:
        PolicyCollapsed: fewer than two of them have text.
    """
    if len(samples.scored) < 2:
        raise PolicyCollapsed(f"the policy is silent: {samples.empty} of {len(samples.texts)} responses are empty")
    gold = [value for value in samples.gold or () if value is not None]
    return Judgement(
        fmean(samples.scored),
        stdev(samples.scored),
        stdev(gold) if gold else None,
        len(samples.texts),
        sampled_figures(samples, figures),
    )
