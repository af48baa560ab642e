"""Tensors of which every process may have a part only."""

import torch
from torch.distributed.tensor import DTensor


def full(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor, whole; where it is shared out all processes must ask."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def local(tensor: torch.Tensor) -> torch.Tensor:
    """This process's part of a tensor; all of one that is not shared out."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor
