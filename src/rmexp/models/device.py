"""Where a model that only scores should be."""

import torch
from torch import nn


def to_device(model: nn.Module) -> nn.Module:
    """Move a model to the accelerator that there is, or leave it on the processor."""
    return model.to(torch.accelerator.current_accelerator() or "cpu") if torch.accelerator.is_available() else model
