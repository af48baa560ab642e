"""Losses that know ties: preferences of three outcomes, of which `target` = 0.5 is the third.

A target between 0 and 1 other than 0.5 is a share of judges who prefer the first response, none of whom saw a tie.
How readily ties happen, `theta` or `nu`, is a setting and is not learnt: rewards stay one number each, and runs with
several values are comparable by their validation loss, the likelihood of the same outcomes.
"""

import math
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor

from rmexp.ranges import check_range


def rao_kupper_loss(
    chosen_rewards: Tensor, rejected_rewards: Tensor, *, theta: Annotated[float, "> 1"], target: Tensor | None = None
) -> Tensor:
    """Negative log-likelihood where two rewards less than ln(theta) apart cannot be told apart reliably.

    The first wins with probability sigmoid(lead - ln theta), the second with sigmoid(-lead - ln theta), else they tie.

    Args:
        chosen_rewards: (B,) rewards of the responses listed first.
        rejected_rewards: (B,) rewards of the responses listed second.
        theta: threshold, > 1; at equal rewards a tie has the probability (theta - 1) / (theta + 1).
        target: (B,) probability in [0, 1] that the first is the better one, 0.5 exactly is a tie; 1 for all when
            omitted.

    Returns:
        (B,) losses in nats.

    Raises:
        ValueError: `theta` is not above 1.

    Source: Rao and Kupper 1967, "Ties in paired-comparison experiments: a generalization of the Bradley-Terry model",
        with rewards as log-worths.

    >>> rao_kupper_loss(torch.zeros(3), torch.zeros(3), theta=2.0, target=torch.tensor([1.0, 0.5, 0.0])).exp()
    tensor([3., 3., 3.])
    """
    check_range("loss.theta", theta, "> 1")
    lead = chosen_rewards - rejected_rewards
    first, second = F.logsigmoid(lead - math.log(theta)), F.logsigmoid(-lead - math.log(theta))
    return _by_outcome(first, second, math.log(theta**2 - 1) + first + second, target)


def davidson_loss(
    chosen_rewards: Tensor, rejected_rewards: Tensor, *, nu: Annotated[float, "> 0"], target: Tensor | None = None
) -> Tensor:
    """Negative log-likelihood where a tie is worth nu times the geometric mean of both responses.

    Among pairs that are decided it is the model of Bradley and Terry: margins stay log-odds.

    Args:
        chosen_rewards: (B,) rewards of the responses listed first.
        rejected_rewards: (B,) rewards of the responses listed second.
        nu: > 0; at equal rewards a tie has the probability nu / (2 + nu).
        target: (B,) probability in [0, 1] that the first is the better one, 0.5 exactly is a tie; 1 for all when
            omitted.

    Returns:
        (B,) losses in nats.

    Raises:
        ValueError: `nu` is not positive.

    Source: Davidson 1970, "On extending the Bradley-Terry model to accommodate ties in paired comparison experiments",
        with rewards as log-worths.

    >>> davidson_loss(torch.zeros(3), torch.zeros(3), nu=2.0, target=torch.tensor([1.0, 0.5, 0.0])).exp()
    tensor([4., 2., 4.])
    """
    check_range("loss.nu", nu, "> 0")
    half = (chosen_rewards - rejected_rewards) / 2
    outcomes = torch.stack([half, -half, torch.full_like(half, math.log(nu))])
    first, second, tie = outcomes.log_softmax(dim=0)
    return _by_outcome(first, second, tie, target)


def _by_outcome(first: Tensor, second: Tensor, tie: Tensor, target: Tensor | None) -> Tensor:
    """Minus the log-probability of what the label says happened."""
    if target is None:
        return -first
    return torch.where(target == 0.5, -tie, -target * first - (1 - target) * second)
