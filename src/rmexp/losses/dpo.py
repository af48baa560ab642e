"""The DPO loss, and the implicit reward that it defines."""

from typing import Annotated, NamedTuple

from torch import Tensor

from rmexp.losses.bradley_terry import bradley_terry_loss
from rmexp.ranges import check_range


class DPOLoss(NamedTuple):
    """Losses in nats and both implicit rewards, (B,) each."""

    losses: Tensor
    chosen_rewards: Tensor
    rejected_rewards: Tensor


def dpo_loss(
    policy_chosen_logps: Tensor,
    policy_rejected_logps: Tensor,
    reference_chosen_logps: Tensor,
    reference_rejected_logps: Tensor,
    *,
    beta: Annotated[float, "> 0"],
    target: Tensor | None = None,
) -> DPOLoss:
    """Bradley-Terry loss of the implicit rewards, beta times the log-ratio of policy to reference.

    Args:
        policy_chosen_logps: (B,) log-probabilities of the first responses, summed over their tokens.
        policy_rejected_logps: (B,) the same of the second responses.
        reference_chosen_logps: (B,) the first responses under the reference.
        reference_rejected_logps: (B,) the second responses under the reference.
        beta: strength of the pull towards the reference, > 0.
        target: (B,) probability in [0, 1] that the first is the better one; 1 for all when omitted.

    Returns:
        Losses, ln 2 where policy and reference agree, and the implicit rewards, without gradient.

    Raises:
        ValueError: `beta` is not positive.

    Source: Rafailov et al. 2023, eq. 7; the implicit reward is theirs up to a term that the prompt alone decides.

    >>> import torch
    >>> loss = dpo_loss(*torch.tensor([[-2.0], [-9.0], [-7.0], [-4.0]]), beta=0.1)
    >>> loss.losses, loss.chosen_rewards, loss.rejected_rewards
    (tensor([0.3133]), tensor([0.5000]), tensor([-0.5000]))
    """
    check_beta(beta)
    chosen_rewards = beta * (policy_chosen_logps - reference_chosen_logps)
    rejected_rewards = beta * (policy_rejected_logps - reference_rejected_logps)
    losses = bradley_terry_loss(chosen_rewards, rejected_rewards, target=target)
    return DPOLoss(losses, chosen_rewards.detach(), rejected_rewards.detach())


def check_beta(beta: float) -> None:
    """Refuse a beta that is no strength.

    Raises:
        ValueError: it is not positive, or infinite.
    """
    check_range("loss.beta", beta, "> 0")
