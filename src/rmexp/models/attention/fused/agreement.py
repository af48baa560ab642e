"""Whether the fused kernels, as a compiler here has built them, compute attention and what lies between products."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from rmexp.models.attention.fused import between_products
from rmexp.models.attention.fused.attention import EVERYTHING, FusedAttention, FusedPlan

SEGMENTS = ((0, 37, 0, 0), (37, 71, 0, 37), (71, 72, 0, 37), (72, 77, 72, 72))  # of a row made to tell
HEADS, WIDTH, SCALING, EPSILON = 2, 24, 0.2, 1e-5
TOLERANCE = {torch.bfloat16: 0.02, torch.float32: 1e-5}  # of the norm of what is right


def agrees(dtype: torch.dtype) -> bool:
    """Whether outputs and gradients of such numbers are those of plain operations in float32, up to rounding.

    Attention is set against one dense mask.
    """
    generator = torch.Generator().manual_seed(0)
    count = SEGMENTS[-1][1]
    with torch.inference_mode(False), torch.enable_grad(), torch.autocast("cpu", enabled=False):
        drawn = [torch.randn(heads, count, WIDTH, generator=generator).to(dtype) for heads in (HEADS, 1, 1, HEADS)]
        pairs = [
            *zip(_with_gradients(_fused, drawn), _with_gradients(_dense, _exact(drawn)), strict=True),
            *zip(_between(*drawn), _plain_between(*_exact(drawn)), strict=True),
        ]
    return all(bool((ours - right).norm() <= TOLERANCE[dtype] * right.norm()) for ours, right in pairs)


def _exact(drawn: list[Tensor]) -> list[Tensor]:
    return [part.float() for part in drawn]


def _between(heads: Tensor, gate: Tensor, up: Tensor, outer: Tensor) -> list[Tensor]:
    """Norm, rotation and gate with their gradients, by the kernels."""
    (rows, of_rows), weight = (part.flatten(0, 1) for part in (heads, outer)), gate[0, 0].float()
    total, normalised, factors = between_products.norm(rows.float(), of_rows, weight, EPSILON, rows.dtype)
    gradients = between_products.norm_gradients(of_rows, rows.float(), total, weight, factors, with_weight=True)
    angles = [part(up[0, :, : WIDTH // 2].float()) for part in (torch.cos, torch.sin)]
    turned, back = (between_products.rotate(heads, *angles, backwards=backwards) for backwards in (False, True))
    gates = between_products.gate(gate, up), *between_products.gate_gradients(outer[:1], gate, up)
    return [total, normalised, *(part for part in gradients if part is not None), turned, back, *gates]


def _plain_between(heads: Tensor, gate: Tensor, up: Tensor, outer: Tensor) -> list[Tensor]:
    """The same by operations of torch."""
    rows, update, weight = (part.detach().requires_grad_() for part in (heads, outer, gate[0, 0]))
    total = rows.flatten(0, 1) + update.flatten(0, 1)
    normalised = F.rms_norm(total, (WIDTH,), weight, EPSILON)
    back_to = [outer.flatten(0, 1), heads.flatten(0, 1)]
    of_rows, of_weight = torch.autograd.grad([normalised, total], [rows, weight], back_to)
    gradients = [of_rows.flatten(0, 1)] * 2 + [of_weight]
    coordinates, angle = torch.complex(*heads.chunk(2, dim=-1)), up[0, :, : WIDTH // 2]
    turned = [coordinates * torch.polar(torch.ones_like(angle), by) for by in (angle, -angle)]
    gates = _with_gradients(lambda gate, up: F.silu(gate) * up, [gate, up, outer[:1]])
    return [total, normalised, *gradients, *(torch.cat((part.real, part.imag), dim=-1) for part in turned), *gates]


def _with_gradients(attention: Callable[..., Tensor], drawn: list[Tensor]) -> list[Tensor]:
    *inputs, outer = (part.detach().requires_grad_() for part in drawn)
    output = attention(*inputs)
    return [output, *torch.autograd.grad(output, inputs, outer)]


def _fused(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    row = np.array(SEGMENTS, dtype=np.int32)
    groups, queries = np.array([0, 3, 4], dtype=np.int32), np.append(row[:, 0], row[-1, 1])
    plan = FusedPlan(row, groups, queries, np.arange(row[-1, 1], dtype=np.int32), EVERYTHING)
    return FusedAttention.apply(query, key, value, plan, SCALING)  # type: ignore[no-any-return, no-untyped-call]


def _dense(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    seen = torch.zeros(query.shape[1], query.shape[1], dtype=torch.bool)
    for start, end, shared_start, shared_end in SEGMENTS:
        seen[start:end, start:end] = torch.ones(end - start, end - start, dtype=torch.bool).tril()
        seen[start:end, shared_start:shared_end] = True
    return F.scaled_dot_product_attention(
        query, key.expand_as(query), value.expand_as(query), attn_mask=seen, scale=SCALING
    )
