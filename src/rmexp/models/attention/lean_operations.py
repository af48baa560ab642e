"""Norms and gated activation in few passes over memory: what a row costs besides products and attention.

Norms compute in float32 whatever they are given, and leave their result in the type that the next product wants.

Shape legend: `T` tokens, `E` width of the hidden states, `F` width inside an MLP.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from rmexp.models.attention.choose import no_fused
from rmexp.models.attention.fused import between_products


def add_rms_norm(residual: Tensor, update: Tensor | None, weight: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
    """The next residual, and its root-mean-square normalisation.

    Args:
        residual: (T, E).
        update: (T, E), what a block adds to it; None for nothing.
        weight: (E,) of the normalisation.
        epsilon: added to the mean square.

    Returns:
        Residual plus update in the residual's type, and its normalisation in the type that products are computed in.

    Source: Zhang and Sennrich 2019, eq. 4.
    """
    if update is None:
        return residual, rms_norm(residual, weight, epsilon)
    return AddRMSNorm.apply(residual, update, weight, epsilon, product_dtype(residual))  # type: ignore[no-any-return, no-untyped-call]


def rms_norm(hidden: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    """The normalisation alone; see `add_rms_norm`."""
    return RMSNorm.apply(hidden, weight, epsilon, product_dtype(hidden))  # type: ignore[no-any-return, no-untyped-call]


def swiglu(gate: Tensor, up: Tensor) -> Tensor:
    """A gated activation that keeps its two inputs alone for the gradient.

    Args:
        gate: (T, F), which goes through the sigmoid linear unit.
        up: (T, F).

    Source: Shazeer 2020, eq. 6, without its products.
    """
    return SwiGLU.apply(gate, up)  # type: ignore[no-any-return, no-untyped-call]


def product_dtype(like: Tensor) -> torch.dtype:
    """What matrix products are computed in: autocast's type where it is on, else that of `like`."""
    kind = like.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else like.dtype


class RMSNorm(torch.autograd.Function):
    """Keeps its input and one factor a token."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, epsilon: float, dtype: torch.dtype) -> Tensor:
        """See `rms_norm`."""
        ctx.fused = _fused_norm(hidden, weight, dtype)
        if ctx.fused:
            _, normalised, factor = between_products.norm(hidden, None, weight, epsilon, dtype)
        else:
            normalised, factor = _normalised(hidden, weight, epsilon, dtype)
        ctx.save_for_backward(hidden, weight, factor)
        return normalised

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of hidden states and weight."""
        saved = hidden, weight, factor = ctx.saved_tensors
        if ctx.fused:
            asked = ctx.needs_input_grad[1]
            of_hidden, _, of_weight = between_products.norm_gradients(gradient, None, *saved, with_weight=asked)
            return of_hidden, of_weight, None, None
        return *_norm_gradients(gradient, hidden, weight, factor), None, None


class AddRMSNorm(torch.autograd.Function):
    """Keeps the next residual and one factor a token."""

    @staticmethod
    def forward(
        ctx: Any, residual: Tensor, update: Tensor, weight: Tensor, epsilon: float, dtype: torch.dtype
    ) -> tuple[Tensor, Tensor]:
        """See `add_rms_norm`."""
        ctx.fused = _fused_norm(residual, weight, dtype) and update.dtype == dtype
        if ctx.fused:
            total, normalised, factor = between_products.norm(residual, update, weight, epsilon, dtype)
        else:
            total = residual + update
            normalised, factor = _normalised(total, weight, epsilon, dtype)
        ctx.save_for_backward(total, weight, factor)
        ctx.update_dtype = update.dtype
        return total, normalised

    @staticmethod
    def backward(ctx: Any, of_total: Tensor, of_normalised: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of residual, update and weight."""
        saved = total, weight, factor = ctx.saved_tensors
        if ctx.fused:
            asked = ctx.needs_input_grad[2]
            return *between_products.norm_gradients(of_normalised, of_total, *saved, with_weight=asked), None, None
        of_hidden, of_weight = _norm_gradients(of_normalised, total, weight, factor)
        of_hidden += of_total
        return of_hidden, of_hidden.to(ctx.update_dtype), of_weight, None, None


class SwiGLU(torch.autograd.Function):
    """The activation of the gate is computed again for the gradient, rather than kept beside it."""

    @staticmethod
    def forward(ctx: Any, gate: Tensor, up: Tensor) -> Tensor:
        """See `swiglu`."""
        ctx.save_for_backward(gate, up)
        ctx.fused = _fused(gate, up) and gate.dtype == up.dtype
        return between_products.gate(gate, up) if ctx.fused else _gated(gate, up)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients of gate and up."""
        found = between_products.gate_gradients if ctx.fused else _gate_gradients
        return found(gradient, *ctx.saved_tensors)


def _fused(*tensors: Tensor) -> bool:
    """Whether the fused kernels serve such tensors."""
    return all(tensor.device.type == "cpu" and no_fused(tensor.dtype) is None for tensor in tensors)


def _fused_norm(hidden: Tensor, weight: Tensor, dtype: torch.dtype) -> bool:
    """Whether they normalise hidden states and leave that in a type."""
    written = dtype == hidden.dtype or (dtype == torch.bfloat16 and no_fused(dtype) is None)
    return _fused(hidden) and weight.dtype == torch.float32 and written


def _gated(gate: Tensor, up: Tensor) -> Tensor:
    return F.silu(gate).mul_(up)


def _gate_gradients(gradient: Tensor, gate: Tensor, up: Tensor) -> tuple[Tensor, Tensor]:
    """Of gate and up."""
    return torch.ops.aten.silu_backward(gradient * up, gate), F.silu(gate).mul_(gradient)


def _normalised(hidden: Tensor, weight: Tensor, epsilon: float, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    hidden = hidden.float()
    square = torch.linalg.vector_norm(hidden, dim=-1, keepdim=True).square_()
    factor = square.div_(hidden.shape[-1]).add_(epsilon).rsqrt_()
    return (hidden * factor).mul_(weight).to(dtype), factor


def _norm_gradients(gradient: Tensor, hidden: Tensor, weight: Tensor, factor: Tensor) -> tuple[Tensor, Tensor]:
    """Of the hidden states, in their type, and of the weight."""
    gradient = gradient.float()
    unit = hidden * factor  # of mean square 1
    product = gradient * unit
    of_weight = product.sum(dim=0)
    along = (product @ weight.to(product.dtype)).div_(hidden.shape[-1])[:, None]
    of_hidden = (gradient * weight).addcmul_(unit, along, value=-1).mul_(factor)
    return of_hidden.to(hidden.dtype), of_weight.to(weight.dtype)
