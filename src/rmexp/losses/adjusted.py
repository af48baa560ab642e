"""What can be added to any loss of pairs: a margin, labels believed to be wrong in part, rewards held near zero."""

from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor

from rmexp.losses.label_smoothing import smoothed
from rmexp.losses.one_each import check_one_each
from rmexp.losses.reward_centering import centering_penalty
from rmexp.ranges import check_range


def adjusted_loss(
    chosen_rewards: Tensor,
    rejected_rewards: Tensor,
    *,
    loss: Callable[..., Tensor],
    margin_scale: Annotated[float, "at least 0"],
    label_smoothing: Annotated[float, "in [0, 0.5)"],
    centering: Annotated[float, "at least 0"],
    target: Tensor | None = None,
    margin: Tensor | None = None,
) -> Tensor:
    """A loss of pairs with up to three additions, each of them off at 0.

    Args:
        chosen_rewards: (B,) rewards of the responses listed first.
        rejected_rewards: (B,) rewards of the responses listed second.
        loss: of (chosen rewards, rejected rewards, target=...), one value per pair.
        margin_scale: reward that one unit of the data's `margin` asks for, at least 0: the preferred response has to
            lead by that much more (Llama 2, eq. 2, which takes up to 3 for "significantly better").
        label_smoothing: probability in [0, 0.5) that a label is the wrong way round.
        centering: weight, at least 0, of the squared sum of both rewards.
        target: (B,) probability in [0, 1] that the first is the better one; 1 for all when omitted.
        margin: (B,) how much better the preferred response is, in the data's units; its sign is not read, as `target`
            says which one is preferred, and a tie has none. None where some pair has no margin.

    Returns:
        (B,) losses. With a margin, equal rewards cost more than ln 2.

    Raises:
        ValueError: a weight is out of range, or margins are asked for and there are none.

    Source: Touvron et al. 2023, "Llama 2", eq. 2; Szegedy et al. 2016; Eisenstein et al. 2023.

    >>> from rmexp.losses.bradley_terry import bradley_terry_loss
    >>> plain = {"loss": bradley_terry_loss, "margin_scale": 0.0, "label_smoothing": 0.0, "centering": 0.0}
    >>> two, one = torch.tensor([2.0]), torch.tensor([1.0])
    >>> adjusted_loss(two, one, **plain), adjusted_loss(two, one, **{**plain, "margin_scale": 0.5}, margin=two)
    (tensor([0.3133]), tensor([0.6931]))
    """
    check_range("loss.margin_scale", margin_scale, "at least 0")
    check_range("loss.centering", centering, "at least 0")
    target = torch.ones_like(chosen_rewards) if target is None else target
    lead = torch.zeros_like(chosen_rewards)
    if margin_scale:
        if margin is None:
            raise ValueError(
                f"loss.margin_scale={margin_scale:g} asks for the margin of every pair, but there are pairs without "
                "(set data.format.margin to the column of the data that has it, or loss.margin_scale=0)"
            )
        lead = margin_scale * margin.abs() * (target - 0.5).sign()
    losses = loss(chosen_rewards - lead, rejected_rewards, target=smoothed(target, label_smoothing))
    check_one_each(losses, len(chosen_rewards), "pair", loss)
    return losses + centering * centering_penalty(chosen_rewards, rejected_rewards)
