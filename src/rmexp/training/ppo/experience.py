"""What an iteration learns from: sampled responses token by token, with rewards and advantages.

Shape legend: `N` responses, `R` tokens of the longest one; figures behind the end of a response are 0.
"""

from statistics import fmean
from typing import NamedTuple

import torch
from torch import Tensor

from rmexp.encoding.tokens import ResponseTokens
from rmexp.losses.advantages import Advantages, whitened
from rmexp.losses.kl_estimators import k1, k3
from rmexp.training.ppo.estimators import Estimator
from rmexp.training.ppo.kl_control import KLControl
from rmexp.training.ppo.sampler import Rollouts, Samples


class RewardScale(NamedTuple):
    """Where rewards are told from, and in which unit: those of the starting policy.

    Attributes:
        mean: that counts as 0.
        sd: that counts as 1.
    """

    mean: float
    sd: float


class TokenFigures(NamedTuple):
    """Of the policy that sampled, before it learns.

    Attributes:
        mask: (N, R) bool, where there is a token.
        logps: (N, R) log-probabilities in nats.
        reference_logps: (N, R) under the reference.
        values: (N, R) expected return before each token.
    """

    mask: Tensor
    logps: Tensor
    reference_logps: Tensor
    values: Tensor

    @property
    def divergences(self) -> Tensor:
        """(N,) KL divergence from the reference, estimated without bias by each response, in nats."""
        return (k1(self.logps, self.reference_logps) * self.mask).sum(dim=1)


class Experience(NamedTuple):
    """Responses to learn from.

    Attributes:
        responses: N of them.
        figures: of their tokens.
        advantages: (N, R).
        returns: (N, R), what the value model should have said.
    """

    responses: list[ResponseTokens]
    figures: TokenFigures
    advantages: Tensor
    returns: Tensor

    def some(self, part: Tensor) -> "Experience":
        """Some of the responses, by their indices."""
        figures = TokenFigures(*(field[part] for field in self.figures))
        responses = [self.responses[index] for index in part.tolist()]
        return Experience(responses, figures, self.advantages[part], self.returns[part])


def response_rewards(samples: Samples, rollouts: Rollouts, scale: RewardScale, device: torch.device) -> Tensor:
    """(N,) reward of each response as it is learnt from."""
    rewards = [
        (rollouts.empty_reward if reward is None else (reward - scale.mean) / scale.sd)
        - (0.0 if ended else rollouts.missing_end_penalty)
        for reward, ended in zip(samples.rewards, samples.ended, strict=True)
    ]
    return torch.tensor(rewards, device=device)


def token_rewards(rewards: Tensor, figures: TokenFigures, control: KLControl, coefficient: float) -> Tensor:
    """(N, R) rewards of tokens: the response's at its last token, less what the divergence costs at each.

    Args:
        rewards: (N,) of the responses.
        figures: of their tokens.
        control: says how the divergence is estimated, and whether it counts here.
        coefficient: of the divergence.
    """
    by_token = torch.zeros_like(figures.logps)
    if control.place == "reward":
        by_token = -coefficient * control.estimate(figures.logps, figures.reference_logps) * figures.mask
    last = figures.mask.sum(dim=1) - 1
    return by_token.scatter_add(1, last[:, None], rewards[:, None])


def experience(
    samples: Samples, figures: TokenFigures, by_token: Tensor, estimator: Estimator, *, whiten: bool
) -> Experience:
    """Responses with the advantages of their tokens.

    Args:
        samples: N responses.
        figures: of their tokens.
        by_token: (N, R) rewards.
        estimator: of advantages.
        whiten: whether advantages get mean 0 and deviation 1 over all tokens.
    """
    found: Advantages = estimator(by_token, figures.values, figures.mask)
    advantages = whitened(found.advantages, figures.mask) if whiten else found.advantages
    return Experience(samples.responses, figures, advantages, found.returns)


def sampled_figures(samples: Samples, figures: TokenFigures) -> dict[str, float]:
    """What people watch of sampled responses, all means; the entropy is estimated by their own tokens.

    Responses without text have no reward; they are counted.
    """
    size = len(samples.texts)
    rewards = {"reward": samples.scored} if samples.scored else {}
    if samples.gold is not None and samples.scored:
        rewards["gold"] = [value for value in samples.gold if value is not None]
    tokens = float(figures.mask.sum())
    by_k3 = (k3(figures.logps, figures.reference_logps) * figures.mask).sum(dim=1)
    return {
        **{name: fmean(values) for name, values in rewards.items()},
        "kl": float(figures.divergences.mean()),
        "kl_k3": float(by_k3.mean()),
        "entropy": -float(figures.logps.sum()) / tokens,
        "tokens": tokens / size,
        "ended": sum(samples.ended) / size,
        "empty": samples.empty / size,
    }


def explained_variance(values: Tensor, returns: Tensor, mask: Tensor) -> float:
    """Share of the variance of returns that values foresaw, at most 1; NaN where all returns are the same.

    Args:
        values: (N, R) that were expected.
        returns: (N, R) that came.
        mask: (N, R).

    >>> mask = torch.ones(1, 4, dtype=torch.bool)
    >>> explained_variance(torch.tensor([[1.0, 2.0, 3.0, 3.0]]), torch.tensor([[1.0, 2.0, 3.0, 4.0]]), mask)
    0.85
    """
    came, missed = returns[mask], (returns - values)[mask]
    return round(1 - float(missed.var() / came.var()), 6) if (came != came[0]).any() else float("nan")
