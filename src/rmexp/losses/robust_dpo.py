"""DPO for labels of which a known share is wrong: on average the loss is the one that the true labels would give."""

from typing import Annotated

import torch
from torch import Tensor

from rmexp.losses.dpo import DPOLoss, dpo_loss
from rmexp.losses.label_smoothing import check_label_smoothing


def robust_dpo_loss(
    policy_chosen_logps: Tensor,
    policy_rejected_logps: Tensor,
    reference_chosen_logps: Tensor,
    reference_rejected_logps: Tensor,
    *,
    beta: Annotated[float, "> 0"],
    label_smoothing: Annotated[float, "in [0, 0.5)"],
    target: Tensor | None = None,
) -> DPOLoss:
    """DPO loss freed of the bias of labels that were turned round at random.

    The loss is linear in the label, so that the mean over turned and kept labels is undone by turning the label back
    further than it can have been: it may be negative, and one pair alone may pull without bound.

    Log-probabilities, `beta` and `target` are those of `dpo_loss`; `label_smoothing` is the probability in [0, 0.5)
    that a label is the wrong way round.

    Returns:
        Losses in nats, ln 2 where policy and reference agree, and the implicit rewards.

    Raises:
        ValueError: `beta` or `label_smoothing` is out of range.

    Source: Chowdhury et al. 2024, "Provably robust DPO: aligning language models with noisy feedback".

    >>> logps = torch.tensor([[-2.0], [-9.0], [-7.0], [-4.0]])
    >>> robust_dpo_loss(*logps, beta=0.1, label_smoothing=0.1).losses  # (0.9 * 0.3133 - 0.1 * 1.3133) / 0.8
    tensor([0.1883])
    """
    check_label_smoothing(label_smoothing)
    labels = torch.ones_like(policy_chosen_logps) if target is None else target
    return dpo_loss(
        policy_chosen_logps,
        policy_rejected_logps,
        reference_chosen_logps,
        reference_rejected_logps,
        beta=beta,
        target=(labels - label_smoothing) / (1 - 2 * label_smoothing),
    )
