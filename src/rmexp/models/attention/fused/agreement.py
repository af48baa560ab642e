"""Whether the fused kernels, as a compiler here has built them, compute attention and what lies between products."""

import torch
import torch.nn.functional as F
from torch import Tensor

from rmexp.encoding.batches import ResponseBatch
from rmexp.models.attention.agreement import apart, computes_attention, near, with_gradients
from rmexp.models.attention.fused import between_products
from rmexp.models.attention.fused.attention import FusedAttention, FusedPlan, fused_plan
from rmexp.models.attention.rotary import Rotary

HEADS, TOKENS, WIDTH, EPSILON = 2, 77, 24, 1e-5


def agrees(dtype: torch.dtype) -> bool:
    """Whether outputs and gradients of such numbers are those of plain operations in float32, up to rounding."""
    if not all(computes_attention(_attention, _plan, WIDTH, dtype, turning=turning) for turning in (False, True)):
        return False
    generator = torch.Generator().manual_seed(0)
    with apart("cpu"):
        drawn = [torch.randn(heads, TOKENS, WIDTH, generator=generator).to(dtype) for heads in (HEADS, 1, 1, HEADS)]
        return near(_between(*drawn), _plain_between(*_exact(drawn)), dtype)


def _attention(
    query: Tensor, key: Tensor, value: Tensor, plan: FusedPlan, scaling: float, rotary: Rotary | None = None
) -> Tensor:
    return FusedAttention.apply(query, key, value, plan, scaling, rotary)  # type: ignore[no-any-return, no-untyped-call]


def _plan(batch: ResponseBatch) -> FusedPlan:
    return fused_plan(batch, None, None)


def _exact(drawn: list[Tensor]) -> list[Tensor]:
    return [part.float() for part in drawn]


def _between(heads: Tensor, gate: Tensor, up: Tensor, outer: Tensor) -> list[Tensor]:
    """Norm and gate with their gradients, by the kernels."""
    (rows, of_rows), weight = (part.flatten(0, 1) for part in (heads, outer)), gate[0, 0].float()
    total, normalised, factors = between_products.norm(rows.float(), of_rows, weight, EPSILON, rows.dtype)
    gradients = between_products.norm_gradients(of_rows, rows.float(), total, weight, factors, with_weight=True)
    _, alone, of_alone = between_products.norm(rows, None, weight, EPSILON, rows.dtype)
    of_row, _, _ = between_products.norm_gradients(of_rows, None, rows, weight, of_alone, with_weight=False)
    gates = between_products.gate(gate, up), *between_products.gate_gradients(outer[:1], gate, up)
    norms = [total, normalised, *(part for part in gradients if part is not None), alone, of_row]
    return [*norms, *gates]


def _plain_between(heads: Tensor, gate: Tensor, up: Tensor, outer: Tensor) -> list[Tensor]:
    """The same by operations of torch."""
    rows, update, weight = (part.detach().requires_grad_() for part in (heads, outer, gate[0, 0]))
    total = rows.flatten(0, 1) + update.flatten(0, 1)
    normalised = F.rms_norm(total, (WIDTH,), weight, EPSILON)
    back_to = [outer.flatten(0, 1), heads.flatten(0, 1)]
    of_rows, of_weight = torch.autograd.grad([normalised, total], [rows, weight], back_to)
    gradients = [of_rows.flatten(0, 1)] * 2 + [of_weight]
    alone = F.rms_norm(rows.flatten(0, 1), (WIDTH,), weight, EPSILON)
    (of_row,) = torch.autograd.grad(alone, rows, outer.flatten(0, 1))
    gates = with_gradients(lambda gate, up: F.silu(gate) * up, [gate, up, outer[:1]])
    norms = [total, normalised, *gradients, alone, of_row.flatten(0, 1)]
    return [*norms, *gates]
