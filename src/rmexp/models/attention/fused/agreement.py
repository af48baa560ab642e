"""Whether the fused kernel, as a compiler here has built it, computes attention."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from rmexp.models.attention.fused.attention import EVERYTHING, FusedAttention, FusedPlan

SEGMENTS = ((0, 37, 0, 0), (37, 71, 0, 37), (71, 72, 0, 37), (72, 77, 72, 72))  # of a row made to tell
HEADS, WIDTH, SCALING = 2, 24, 0.2
TOLERANCE = {torch.bfloat16: 0.02, torch.float32: 1e-5}  # of the norm of what is right


def agrees(dtype: torch.dtype) -> bool:
    """Whether output and gradients of such numbers are those of one dense mask in float32, up to rounding."""
    generator = torch.Generator().manual_seed(0)
    count = SEGMENTS[-1][1]
    with torch.inference_mode(False), torch.enable_grad(), torch.autocast("cpu", enabled=False):
        drawn = [torch.randn(heads, count, WIDTH, generator=generator).to(dtype) for heads in (HEADS, 1, 1, HEADS)]
        found, expected = _with_gradients(_fused, drawn), _with_gradients(_dense, [part.float() for part in drawn])
    pairs = zip(found, expected, strict=True)
    return all(bool((ours - right).norm() <= TOLERANCE[dtype] * right.norm()) for ours, right in pairs)


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
