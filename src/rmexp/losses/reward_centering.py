"""A pull of rewards towards zero: preferences alone leave their level open, so that it drifts."""

from torch import Tensor


def centering_penalty(chosen_rewards: Tensor, rejected_rewards: Tensor) -> Tensor:
    """Squared sum of the two rewards of each pair; it leaves differences alone and has its minimum at mean 0.

    Args:
        chosen_rewards: (B,) rewards of the responses listed first.
        rejected_rewards: (B,) rewards of the responses listed second.

    Returns:
        (B,) penalties, 0 where the two rewards are opposite.

    Source: Eisenstein et al. 2023, "Helping or herding? Reward model ensembles mitigate but do not eliminate reward
        hacking", who add a small multiple of it to the Bradley-Terry loss.

    >>> import torch
    >>> centering_penalty(torch.tensor([2.0, 3.0]), torch.tensor([-2.0, 1.0]))
    tensor([ 0., 16.])
    """
    return (chosen_rewards + rejected_rewards) ** 2
