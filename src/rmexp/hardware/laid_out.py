"""Weights of products laid out as a processor multiplies them in bf16, once for all that they are multiplied with.

Else each product rounds and lays out its weight anew.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeGuard

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ROWS = 4096  # of another factor, which decide the layout
OWN = "forward"  # of a layer that does not compute as all of its class do
Ready = dict[nn.Linear, tuple[Tensor, Tensor | None]]


@contextmanager
def laid_out(model: nn.Module) -> Iterator[None]:
    """Keep linear layers of a model laid out from their first product on, where products are in bf16 on a processor.

    Products are the same to the last bit. Until it ends the weights are in memory a second time, in bf16, and nothing
    may change them.
    """
    layers = [layer for layer in model.modules() if _is_multiplied(layer)] if _in_half() else list[nn.Linear]()
    ready: Ready = {}
    for layer in layers:
        setattr(layer, OWN, partial(_product, layer, ready))
    try:
        yield
    finally:
        for layer in layers:
            delattr(layer, OWN)


def _in_half() -> bool:
    """Whether a processor multiplies in bf16 here, by a library that takes weights laid out."""
    asked = torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.bfloat16
    return asked and torch._C._has_mkldnn and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _is_multiplied(module: nn.Module) -> TypeGuard[nn.Linear]:
    """Whether it is a linear layer on the processor, computed by nothing but its own weight, all of which is there."""
    if type(module) is not nn.Linear or type(module.weight) is not nn.Parameter or OWN in vars(module):
        return False
    return module.weight.device.type == "cpu" and module.weight.dtype in (torch.float32, torch.bfloat16)


def _laid(layer: nn.Linear) -> tuple[Tensor, Tensor | None]:
    """Weight and bias in bf16, the weight laid out."""
    weight = torch.ops.mkldnn._reorder_linear_weight(layer.weight.detach().to(torch.bfloat16), ROWS)
    return weight, None if layer.bias is None else layer.bias.detach().to(torch.bfloat16)


def _product(layer: nn.Linear, ready: Ready, hidden: Tensor) -> Tensor:
    """What the layer gives; in float32 where it is asked for in that."""
    if not torch.is_autocast_enabled("cpu"):
        return F.linear(hidden, layer.weight, layer.bias)
    if layer not in ready:
        ready[layer] = _laid(layer)
    half = hidden.to(torch.bfloat16)
    return torch.ops.mkldnn._linear_pointwise(half, *ready[layer], "none", [], "")  # type: ignore[no-any-return]
