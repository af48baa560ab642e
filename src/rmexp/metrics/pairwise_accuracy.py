"""Pairwise accuracy as a torchmetrics metric."""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from rmexp.metrics.pair_credit import pair_credit


class PairwiseAccuracy(Metric):
    """Share of pairs whose better response scores higher; equal scores count one half.

    States are sums and counts, so batches of different sizes and several ranks add up exactly. Pairs labelled a tie
    (target 0.5) have no better response and do not count.

    >>> accuracy = PairwiseAccuracy()
    >>> accuracy(torch.tensor([2.0, 1.0, 1.0]), torch.tensor([1.0, 1.0, 3.0]), torch.ones(3))
    tensor(0.5000)
    >>> accuracy.tie_rate()
    tensor(0.3333)
    """

    full_state_update = False
    higher_is_better = True
    is_differentiable = False
    correct: Tensor
    ties: Tensor
    pairs: Tensor

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for state in ("correct", "ties", "pairs"):
            self.add_state(state, torch.tensor(0.0, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, chosen_rewards: Tensor, rejected_rewards: Tensor, target: Tensor | None = None) -> None:
        """Add a batch.

        Args:
            chosen_rewards: (B,) scores of the responses listed first.
            rejected_rewards: (B,) scores of the responses listed second.
            target: (B,) probability in [0, 1] that the first is the better one; 1 for all when omitted.
        """
        target = torch.ones_like(chosen_rewards) if target is None else target
        judged = pair_credit(chosen_rewards.detach().float(), rejected_rewards.detach().float(), target)
        self.correct += judged.credit.sum()
        self.ties += judged.tie.sum()
        self.pairs += judged.weight.sum()

    def compute(self) -> Tensor:
        """Accuracy in [0, 1]; NaN before any pair that counts."""
        return (self.correct / self.pairs).float()

    def tie_rate(self) -> Tensor:
        """Share in [0, 1] of pairs whose scores are equal in float32."""
        return (self.ties / self.pairs).float()
