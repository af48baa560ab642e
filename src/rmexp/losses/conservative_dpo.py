"""DPO for labels of which a share is believed to be wrong: the policy stops at odds that such labels can have."""

from typing import Annotated

import torch
from torch import Tensor

from rmexp.losses.dpo import DPOLoss, dpo_loss
from rmexp.losses.label_smoothing import smoothed


def conservative_dpo_loss(
    policy_chosen_logps: Tensor,
    policy_rejected_logps: Tensor,
    reference_chosen_logps: Tensor,
    reference_rejected_logps: Tensor,
    *,
    beta: Annotated[float, "> 0"],
    label_smoothing: Annotated[float, "in [0, 0.5)"],
    target: Tensor | None = None,
) -> DPOLoss:
    """DPO loss towards smoothed labels (cDPO).

    Log-probabilities, `beta` and `target` are those of `dpo_loss`; `label_smoothing` is the probability in [0, 0.5)
    that a label is the wrong way round.

    Returns:
        Losses in nats, least where the margin is the log-odds of the smoothed label, and the implicit rewards.

    Raises:
        ValueError: `beta` or `label_smoothing` is out of range.

    Source: Mitchell 2023, "A note on DPO with noisy preferences & relationship to IPO".

    >>> logps = torch.tensor([[-2.0], [-9.0], [-7.0], [-4.0]])
    >>> conservative_dpo_loss(*logps, beta=0.1, label_smoothing=0.1).losses  # 0.9 * 0.3133 + 0.1 * 1.3133
    tensor([0.4133])
    """
    labels = torch.ones_like(policy_chosen_logps) if target is None else target
    return dpo_loss(
        policy_chosen_logps,
        policy_rejected_logps,
        reference_chosen_logps,
        reference_rejected_logps,
        beta=beta,
        target=smoothed(labels, label_smoothing),
    )
