"""The losses of proximal policy optimisation: of the policy and of its value model, one value per token."""

from typing import NamedTuple

import torch
from torch import Tensor


class SurrogateLoss(NamedTuple):
    """Loss of each token, and whether the clip took its gradient away.

    Attributes:
        losses: of the shape of the arguments.
        clipped: bool, likewise.
    """

    losses: Tensor
    clipped: Tensor


def clipped_surrogate_loss(logps: Tensor, old_logps: Tensor, advantages: Tensor, *, clip: float) -> SurrogateLoss:
    """What the policy loses by a token: minus its advantage times the ratio of its probabilities, clipped.

    Args:
        logps: log-probabilities of sampled tokens under the policy, in nats.
        old_logps: the same under the policy that sampled them.
        advantages: of the tokens, of the same shape.
        clip: the ratio earns nothing beyond 1 - clip and 1 + clip, > 0.

    Source: Schulman et al. 2017, "Proximal policy optimization algorithms", eq. 7.

    >>> ratio, gain = torch.tensor([1.1, 1.5, 0.5]), torch.tensor([1.0, 2.0, -1.0])
    >>> clipped_surrogate_loss(ratio.log(), torch.zeros(3), gain, clip=0.2).losses
    tensor([-1.1000, -2.4000,  0.8000])
    """
    ratio = (logps - old_logps).exp()
    free, held = advantages * ratio, advantages * ratio.clamp(1 - clip, 1 + clip)
    return SurrogateLoss(-torch.minimum(free, held), (held < free).detach())


def clipped_value_loss(values: Tensor, old_values: Tensor, returns: Tensor, *, clip: float) -> Tensor:
    """Half the squared error of a value, or that of the value clipped to near its old one where this is larger.

    Args:
        values: expected returns before tokens.
        old_values: the same when the responses were sampled.
        returns: what came.
        clip: how far a value may move at once, in units of the return, > 0.

    Source: Schulman et al., baselines `ppo2`; Ziegler et al. 2019.

    >>> clipped_value_loss(torch.tensor([0.5, 3.0]), torch.zeros(2), torch.tensor([1.0, 1.0]), clip=0.2)
    tensor([0.3200, 2.0000])
    """
    near = old_values + (values - old_values).clamp(-clip, clip)
    return torch.maximum((values - returns) ** 2, (near - returns) ** 2) / 2
