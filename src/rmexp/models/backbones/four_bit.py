"""Linear layers whose frozen weights take half a byte each: the base that LoRA adapters learn beside.

Weights are rounded in blocks to one of sixteen numbers, times the largest of the block (NF4; Dettmers et al. 2023,
"QLoRA", section 3), by bitsandbytes. They are made whole again for every product, one layer at a time.

Shape legend: `O` outputs, `I` inputs, `K` blocks of `BLOCK` weights.
"""

import importlib
import logging
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rmexp.models.attention.lean_operations import product_dtype

FULL, FOUR_BIT = "full", "4bit"  # how weights are held while others learn
BLOCK, KIND = 64, "nf4"


def check_load(load: str, trained: str, task: str) -> None:
    """Refuse a way to hold weights that does not fit what learns, or that needs a package that is not there.

    Args:
        load: `FULL` or `FOUR_BIT`.
        trained: which weights learn; see `choose_trained`.
        task: that they are trained for.

    Raises:
        ValueError: naming the key to change.

    >>> check_load("4bit", "all", "reward")
    Traceback (most recent call last):
    ValueError: model.load=4bit rounds the weights, and rounded ones cannot learn (set model.trained=adapters, got all)
    """
    if load == FULL:
        return
    if load != FOUR_BIT:
        raise ValueError(f"model.load must be {FULL} or {FOUR_BIT}, got {load}")
    if trained != "adapters":
        raise ValueError(
            f"model.load={load} rounds the weights, and rounded ones cannot learn (set model.trained=adapters, "
            f"got {trained})"
        )
    if task == "ppo":
        raise ValueError(f"model.load={load} is for task=sft, reward and dpo, got ppo (set model.load={FULL})")
    _functional()


def quantise(body: nn.Module, dtype: torch.dtype) -> None:
    """Round the weights of the linear layers of a body, in place; embeddings, norms and heads stay as they are.

    Args:
        body: without a head, not trained.
        dtype: of the numbers that the rounded weights are: that of the files they came from, so that a folder of the
            same type holds them exactly.

    Raises:
        ValueError: there are no linear layers.
    """
    for parent in list(body.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.Linear:
                setattr(parent, name, FourBitLinear(child, dtype))
    if not any(isinstance(part, FourBitLinear) for part in body.modules()):
        raise ValueError(f"{type(body).__name__} has no linear layers to round (set model.load={FULL})")


def refuse_sharing(model: nn.Module) -> None:
    """Refuse to share out weights in 4 bits among devices: no state has them, so that they could not be gathered.

    Raises:
        ValueError: the model has such weights.
    """
    if any(isinstance(part, FourBitLinear) for part in model.modules()):
        raise ValueError(f"model.load={FOUR_BIT} is for devices that have the whole base each (set trainer=ddp)")


def dequantise(model: nn.Module) -> bool:
    """Make plain linear layers of those of `quantise`, in place, also below adapters.

    Returns:
        Whether there were any.
    """
    found = False
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if isinstance(child, FourBitLinear):
                setattr(parent, name, child.plain())
                found = True
    return found


class FourBitLinear(nn.Linear):
    """A frozen linear layer with weights of four bits.

    It has no part in a state: a checkpoint is gone on from with the base that was read and rounded anew.

    Args:
        layer: whose weights are rounded.
        dtype: of the numbers that the rounded weights are.

    Attributes:
        compute_dtype: of the weights before, and of adapters beside them, which peft reads here.
        codes: (O * I / 2, 1) two weights a byte.
        scales: (K,) largest absolute value of each block, float32.
    """

    def __init__(self, layer: nn.Linear, dtype: torch.dtype) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self.dtype, self.compute_dtype = dtype, layer.weight.dtype
        given = layer.weight.detach().to(dtype).contiguous()
        codes, state = _functional().quantize_4bit(given, blocksize=BLOCK, quant_type=KIND)
        self.codes, self.scales = (nn.Parameter(part, requires_grad=False) for part in (codes, state.absmax))
        self.bias = None if layer.bias is None else nn.Parameter(layer.bias.detach(), requires_grad=False)

    @property
    def weight(self) -> Tensor:  # type: ignore[override]  # a parameter of other linear layers
        """(O, I) the rounded weights, made whole for this one look at them."""
        functional = _functional()
        # As one long row: of rows that are no multiple of a block the processor's kernel takes the wrong scales.
        shape = torch.Size((self.out_features * self.in_features,))
        state = functional.QuantState(self.scales.float(), shape, dtype=self.dtype, blocksize=BLOCK, quant_type=KIND)
        whole: Tensor = functional.dequantize_4bit(self.codes, state)
        return whole.view(self.out_features, self.in_features).to(self.compute_dtype)

    def forward(self, hidden: Tensor) -> Tensor:
        """(*, O) of hidden states, (*, I)."""
        return _Product.apply(hidden.to(product_dtype(hidden)), self)  # type: ignore[no-any-return, no-untyped-call]

    def plain(self) -> nn.Linear:
        """A linear layer with the same weights, frozen too."""
        with torch.device("meta"):
            layer = nn.Linear(self.in_features, self.out_features, bias=False)
        layer.weight, layer.bias = nn.Parameter(self.weight, requires_grad=False), self.bias
        return layer.train(self.training)

    def _save_to_state_dict(self, *_: Any) -> None:
        """Leave it out."""

    def _load_from_state_dict(self, *_: Any) -> None:
        """Expect nothing."""


class _Product(torch.autograd.Function):
    """Keeps no weights for the backward pass: they are made whole again there."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, layer: FourBitLinear) -> Tensor:
        ctx.layer = layer
        bias = None if layer.bias is None else layer.bias.to(hidden.dtype)
        return F.linear(hidden, layer.weight.to(hidden.dtype), bias)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient @ ctx.layer.weight.to(gradient.dtype), None


def _functional() -> Any:
    """The operations of bitsandbytes.

    Raises:
        ValueError: it is not installed.
    """
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it warns of kernels that nothing here asks for
    try:
        return importlib.import_module("bitsandbytes.functional")
    except ImportError as error:
        raise ValueError(
            "model.load=4bit needs the package bitsandbytes (pip install 'rmexp[4bit]', or set model.load=full)"
        ) from error
