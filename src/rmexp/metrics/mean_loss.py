"""Mean loss as a torchmetrics metric that waits for no device.

Theirs, `MeanMetric`, looks for NaN at every update and so waits, and with `nan_strategy="disable"` it forgets weights.
"""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric


class MeanLoss(Metric):
    """Mean of losses, each of some weight; nothing waits for the device.

    >>> mean = MeanLoss()
    >>> mean.update(torch.tensor([1.0, 3.0]))
    >>> mean.update(torch.tensor([6.0]), torch.tensor(2.0))
    >>> float(mean.compute())
    4.0
    """

    full_state_update = False
    higher_is_better = False
    is_differentiable = False
    mean_value: Tensor
    weight: Tensor

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for state in ("mean_value", "weight"):  # names that checkpoints have
            self.add_state(state, torch.tensor(0.0), dist_reduce_fx="sum")

    def update(self, losses: Tensor, weight: Tensor | float = 1.0) -> None:
        """Add losses.

        Args:
            losses: (n,).
            weight: of each of them.
        """
        self.mean_value += (losses * weight).sum()
        self.weight += torch.ones_like(losses).sum() * weight

    def compute(self) -> Tensor:
        """The mean; not a number without losses."""
        return self.mean_value / self.weight
