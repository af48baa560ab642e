"""The Bradley-Terry loss of an explicit reward model."""

import torch.nn.functional as F
from torch import Tensor


def bradley_terry_loss(chosen_rewards: Tensor, rejected_rewards: Tensor, *, target: Tensor | None = None) -> Tensor:
    """Negative log-likelihood of the preferences under the Bradley-Terry model.

    Args:
        chosen_rewards: (B,) rewards of the responses listed first.
        rejected_rewards: (B,) rewards of the responses listed second.
        target: (B,) probability in [0, 1] that the first is the better one; 1 for all when omitted, 0.5 is a tie.

    Returns:
        (B,) loss of each pair in nats; ln 2 where the rewards are equal. The caller reduces.

    Source: Bradley and Terry 1952; Ouyang et al. 2022, eq. 1.

    >>> import torch
    >>> bradley_terry_loss(torch.tensor([0.0, 2.0]), torch.tensor([0.0, 0.0]))
    tensor([0.6931, 0.1269])
    """
    margin = chosen_rewards - rejected_rewards
    if target is None:
        return -F.logsigmoid(margin)
    return -target * F.logsigmoid(margin) - (1 - target) * F.logsigmoid(-margin)
