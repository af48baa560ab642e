"""Where a model that only scores should be."""

import torch
from torch import nn


def accelerator_type(wanted: str) -> str:
    """Where a trainer runs: `cpu`, or the type of the accelerator, such as `cuda`.

    Args:
        wanted: Lightning's `accelerator`: cpu, auto, or another name for the one that there is.
    """
    device = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return "cpu" if wanted == "cpu" or device is None else device.type


def to_device(model: nn.Module) -> str:
    """Move a model to the accelerator that there is, or leave it on the processor; the type of where it is then."""
    device = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if device is None:
        return "cpu"
    model.to(device)
    return device.type
