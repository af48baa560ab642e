"""A validation that several processes share: each computes some of its batches, and all learn all figures."""

from collections.abc import Sequence

import lightning as L
import torch
from torch import Tensor

from rmexp.hardware.group import from_all, in_turn
from rmexp.training.data.fixed_batches import FixedBatches


def whole_validation(module: L.LightningModule, found: Sequence[Tensor]) -> Tensor:
    """What the steps of a validation gave, in the order of the batches: for all examples, or the first ones of them.

    Args:
        module: that is validated.
        found: of the batches of this process.
    """
    if module.trainer.world_size == 1:
        return torch.cat([*found])
    loader = module.trainer.val_dataloaders
    assert isinstance(loader, FixedBatches)
    shares = from_all([figures.cpu() for figures in found])
    computed = min(loader.total, len(found) * len(shares))  # a limit of the trainer is one of each process
    return torch.cat(in_turn(shares, computed)).to(module.device)
