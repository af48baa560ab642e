"""Norms and gates in one pass each, and their gradients: the functions of `between_products.h`.

Shape legend: `R` rows, `E` their width.
"""

import ctypes

import torch
from torch import Tensor

from rmexp.models.attention.fused.library import function

CHUNK = 64  # of between_products.h


class _Norm(ctypes.Structure):
    """`Norm`."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("residual", "update", "weight", "total", "normalised", "factors")),
        ("rows", ctypes.c_long),
        ("width", ctypes.c_long),
        ("epsilon", ctypes.c_float),
        ("threads", ctypes.c_int),
    ]


class _NormGradients(ctypes.Structure):
    """`NormGradients`."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("total", "weight", "factors", "of_normalised", "of_total")),
        *((name, ctypes.c_void_p) for name in ("of_residual", "of_update", "of_weight")),
        ("rows", ctypes.c_long),
        ("width", ctypes.c_long),
        ("threads", ctypes.c_int),
    ]


class _Gate(ctypes.Structure):
    """`Gate`."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("gate", "up", "gated")),
        ("count", ctypes.c_long),
        ("threads", ctypes.c_int),
    ]


class _GateGradients(ctypes.Structure):
    """`GateGradients`."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("gate", "up", "of_gated", "of_gate", "of_up")),
        ("count", ctypes.c_long),
        ("threads", ctypes.c_int),
    ]


def norm(
    residual: Tensor, update: Tensor | None, weight: Tensor, epsilon: float, dtype: torch.dtype
) -> tuple[Tensor, Tensor, Tensor]:
    """A root-mean-square normalisation of a sum.

    Args:
        residual: (R, E).
        update: (R, E) of `dtype`, which is added; None for nothing.
        weight: (E,), float32.
        epsilon: added to the mean square.
        dtype: of what is normalised.

    Returns:
        The sum, (R, E), in the type of the residual; its normalisation, (R, E); the factor of each row, (R, 1).
    """
    residual, update = residual.contiguous(), None if update is None else update.contiguous()
    total = residual if update is None else torch.empty_like(residual)
    normalised = torch.empty_like(residual, dtype=dtype)
    factors = residual.new_empty((len(residual), 1), dtype=torch.float32)
    tensors = residual, update, weight, None if update is None else total, normalised, factors
    call = _Norm(*map(_address, tensors), *residual.shape, epsilon, torch.get_num_threads())
    function("norm", residual.dtype, dtype)(ctypes.byref(call))
    return total, normalised, factors


def norm_gradients(
    gradient: Tensor, of_total: Tensor | None, total: Tensor, weight: Tensor, factors: Tensor, *, with_weight: bool
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Gradients of what `norm` is given.

    Args:
        gradient: (R, E), of what was normalised.
        of_total: (R, E), what comes back to the sum besides; None for nothing.
        total: (R, E), the sum.
        weight: (E,).
        factors: (R, 1).
        with_weight: whether that of the weight is asked for.

    Returns:
        Those of the residual, of the update and of the weight.
    """
    gradient, total = gradient.contiguous(), total.contiguous()
    of_total = None if of_total is None else of_total.contiguous()
    of_residual = torch.empty_like(total)
    of_update = of_residual if gradient.dtype == total.dtype else torch.empty_like(gradient)
    rows, width = total.shape
    of_weight = weight.new_empty(-(-rows // CHUNK), width) if with_weight else None
    given = total, weight, factors, gradient, of_total
    found = of_residual, None if of_update is of_residual else of_update, of_weight
    call = _NormGradients(*map(_address, given), *map(_address, found), rows, width, torch.get_num_threads())
    function("norm_back", total.dtype, gradient.dtype)(ctypes.byref(call))
    return of_residual, of_update, None if of_weight is None else of_weight.sum(dim=0)


def gate(of_gate: Tensor, up: Tensor) -> Tensor:
    """The sigmoid linear unit of one times the other, both of any one shape."""
    of_gate, up = of_gate.contiguous(), up.contiguous()
    gated = torch.empty_like(of_gate)
    call = _Gate(*map(_address, (of_gate, up, gated)), gated.numel(), torch.get_num_threads())
    function("gate", gated.dtype)(ctypes.byref(call))
    return gated


def gate_gradients(gradient: Tensor, of_gate: Tensor, up: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients of gate and up."""
    of_gate, up, gradient = (part.contiguous() for part in (of_gate, up, gradient))
    found = torch.empty_like(of_gate), torch.empty_like(up)
    tensors = of_gate, up, gradient, *found
    call = _GateGradients(*map(_address, tensors), gradient.numel(), torch.get_num_threads())
    function("gate_back", gradient.dtype)(ctypes.byref(call))
    return found


def _address(tensor: Tensor | None) -> int | None:
    return None if tensor is None else tensor.data_ptr()
