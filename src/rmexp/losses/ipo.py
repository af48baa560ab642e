"""Identity preference optimisation: a policy that leads by a fixed amount, instead of by ever more."""

from typing import Annotated

from torch import Tensor

from rmexp.losses.dpo import DPOLoss, check_beta


def ipo_loss(
    policy_chosen_logps: Tensor,
    policy_rejected_logps: Tensor,
    reference_chosen_logps: Tensor,
    reference_rejected_logps: Tensor,
    *,
    beta: Annotated[float, "> 0"],
    target: Tensor | None = None,
) -> DPOLoss:
    """Squared distance of the difference of log-ratios from 1 / (2 beta).

    There is no Bradley-Terry model behind it. The implicit rewards, beta times the log-ratios as for DPO, should differ
    by one half where a preference is certain: their order, and so accuracy, means what it does for DPO, but the sigmoid
    of a margin is no probability, and a log-loss of it says little before a temperature is fitted.

    Log-probabilities and `target` are those of `dpo_loss`; `beta` > 0 is the paper's tau.

    Returns:
        Losses in squared nats, 1 / (4 beta^2) where policy and reference agree, and the implicit rewards.

    Raises:
        ValueError: `beta` is not positive.

    Source: Azar et al. 2023, "A general theoretical paradigm to understand learning from human preferences", section 5,
        with log-ratios summed as there.

    >>> import torch
    >>> loss = ipo_loss(*torch.tensor([[-2.0], [-9.0], [-7.0], [-4.0]]), beta=0.1)  # the lead is 10, 5 is asked for
    >>> loss.losses, loss.chosen_rewards, loss.rejected_rewards
    (tensor([25.]), tensor([0.5000]), tensor([-0.5000]))
    """
    check_beta(beta)
    chosen_ratios = policy_chosen_logps - reference_chosen_logps
    rejected_ratios = policy_rejected_logps - reference_rejected_logps
    lead, wanted = chosen_ratios - rejected_ratios, 1 / (2 * beta)
    losses = (lead - wanted) ** 2
    if target is not None:
        losses = target * losses + (1 - target) * (lead + wanted) ** 2
    return DPOLoss(losses, beta * chosen_ratios.detach(), beta * rejected_ratios.detach())
