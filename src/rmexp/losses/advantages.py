"""How much better than expected each token of sampled responses was: three baselines for the policy gradient.

Shape legend: `N` responses, `R` tokens of the longest one; `mask` says which of the (N, R) places hold a token.
"""

from typing import NamedTuple

import torch
from torch import Tensor

ROUNDING = 16  # units in the last place: one text's rewards in batches of different company are no further apart


class Advantages(NamedTuple):
    """Advantages, and what a value model should have said.

    Attributes:
        advantages: (N, R), 0 behind the end of a response.
        returns: (N, R) likewise.
    """

    advantages: Tensor
    returns: Tensor


def generalised_advantages(
    token_rewards: Tensor, values: Tensor, mask: Tensor, *, discount: float, decay: float
) -> Advantages:
    """Generalised advantage estimation: the value model's errors from each token on, later ones discounted.

    Args:
        token_rewards: (N, R) reward that each token earned.
        values: (N, R) expected return before each token; behind the last one nothing is expected.
        mask: (N, R).
        discount: gamma in [0, 1] of a reward one token later.
        decay: lambda in [0, 1]: 0 trusts the value model after one token, 1 waits for the end.

    Source: Schulman et al. 2016, "High-dimensional continuous control using generalized advantage estimation", eq. 16.

    >>> rewards, values = torch.tensor([[0.0, 1.0]]), torch.tensor([[0.2, 0.4]])
    >>> generalised_advantages(rewards, values, torch.ones(1, 2, dtype=torch.bool), discount=1.0, decay=0.5).advantages
    tensor([[0.5000, 0.6000]])
    """
    rewards, values = (figures * mask for figures in (token_rewards, values))
    advantages = torch.zeros_like(rewards)
    later, next_value = torch.zeros_like(rewards[:, 0]), torch.zeros_like(rewards[:, 0])
    for token in reversed(range(rewards.shape[1])):
        surprise = rewards[:, token] + discount * next_value - values[:, token]
        later = (surprise + discount * decay * later) * mask[:, token]
        advantages[:, token], next_value = later, values[:, token]
    return Advantages(advantages, (advantages + values) * mask)


def leave_one_out_advantages(rewards: Tensor, responses: int) -> Tensor:
    """Reward of each response less the mean of the other responses to its prompt (RLOO).

    Args:
        rewards: (N,) the responses to one prompt side by side.
        responses: to each prompt, at least 2; divides N.

    Source: Ahmadian et al. 2024, "Back to basics", eq. 8; Kool et al. 2019.

    >>> leave_one_out_advantages(torch.tensor([1.0, 2.0, 6.0]), 3)
    tensor([-3.0000, -1.5000,  4.5000])
    """
    groups = rewards.view(-1, responses)
    others = (groups.sum(dim=1, keepdim=True) - groups) / (responses - 1)
    return (groups - others).flatten()


def group_relative_advantages(rewards: Tensor, responses: int) -> Tensor:
    """Reward of each response in standard deviations from the mean of the responses to its prompt (GRPO).

    Args:
        rewards: (N,) the responses to one prompt side by side.
        responses: to each prompt, at least 2; divides N.

    Source: Shao et al. 2024, "DeepSeekMath", section 4.1.2. A group whose rewards differ by no more than rounding has
        no advantage; divided by its deviation, rounding would weigh as much as a real difference.

    >>> group_relative_advantages(torch.tensor([1.0, 3.0, 5.0, 5.0]), 2)
    tensor([-0.7071,  0.7071,  0.0000,  0.0000])
    """
    groups = rewards.view(-1, responses)
    centred, spread = groups - groups.mean(dim=1, keepdim=True), groups.std(dim=1, keepdim=True)
    return _in_deviations(centred, spread, groups.abs().amax(dim=1, keepdim=True)).flatten()


def whitened(figures: Tensor, mask: Tensor) -> Tensor:
    """Figures with mean 0 and standard deviation 1 over the places of a mask, 0 elsewhere and where all are equal.

    Args:
        figures: (N, R).
        mask: (N, R), of at least two places.

    >>> whitened(torch.tensor([[1.0, 3.0, 9.0]]), torch.tensor([[True, True, False]]))
    tensor([[-0.7071,  0.7071,  0.0000]])
    """
    inside = figures[mask]
    return _in_deviations(figures - inside.mean(), inside.std(), inside.abs().amax()) * mask


def _in_deviations(centred: Tensor, deviation: Tensor, largest: Tensor) -> Tensor:
    """Differences from a mean in standard deviations; 0 where the figures, at most `largest`, differ by rounding.

    What is not finite leaves no number, so that the loss tells it.
    """
    told = deviation > ROUNDING * torch.finfo(centred.dtype).eps * largest
    return torch.where(told, centred / (deviation + 1e-8), 0.0 * centred)
