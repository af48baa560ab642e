"""The hinge loss of an explicit reward model."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor

from rmexp.ranges import check_range


def hinge_loss(
    chosen_rewards: Tensor, rejected_rewards: Tensor, *, width: Annotated[float, "> 0"], target: Tensor | None = None
) -> Tensor:
    """What is missing to a lead of `width`; a pair that has it costs nothing and teaches nothing.

    Margins are no log-odds: accuracy means what it does elsewhere, a log-loss needs a fitted temperature first.

    Args:
        chosen_rewards: (B,) rewards of the responses listed first.
        rejected_rewards: (B,) rewards of the responses listed second.
        width: lead that is asked for, > 0.
        target: (B,) probability in [0, 1] that the first is the better one; 1 for all when omitted. At 0.5 the loss is
            least, and `width`, wherever the rewards are at most `width` apart.

    Returns:
        (B,) losses in units of reward, `width` where the rewards are equal.

    Raises:
        ValueError: `width` is not positive.

    Source: Herbrich et al. 1999, "Support vector learning for ordinal regression"; for language models Zhao et al.
        2023, "SLiC-HF".

    >>> import torch
    >>> hinge_loss(torch.tensor([0.0, 0.4, 3.0]), torch.zeros(3), width=1.0)
    tensor([1.0000, 0.6000, 0.0000])
    """
    check_range("loss.width", width, "> 0")
    lead = chosen_rewards - rejected_rewards
    if target is None:
        return F.relu(width - lead)
    return target * F.relu(width - lead) + (1 - target) * F.relu(width + lead)
