"""Whether a kernel, as it is on this machine, computes attention: asked once, before it is used."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor

from rmexp.encoding.batches import ResponseBatch
from rmexp.encoding.pack import response_batch
from rmexp.encoding.tokens import ResponseTokens
from rmexp.models.attention.attention_plan import dense_mask
from rmexp.models.attention.rotary import Angles, Rotary

START: Final = tuple(range(100, 137))  # of the first two responses of a row made to tell
TEXTS: Final = ((*START, *range(200, 234)), (*START, 300), tuple(range(400, 405)))
HEADS, SCALING = 2, 0.2
TOLERANCE = {torch.float32: 1e-5}  # of the norm of what is right; 0.03 in half precision


def computes_attention(
    function: Callable[..., Tensor],
    plan_of: Callable[[ResponseBatch], Any],
    width: int,
    dtype: torch.dtype,
    device: torch.device | str = "cpu",
    *,
    turning: bool = False,
) -> bool:
    """Whether output and gradients are those of one dense mask in float32, up to rounding.

    Args:
        function: of query, key, value, plan and scaling, and of rotary positions where it turns; see
            `packed_attention`.
        plan_of: makes the plan of a row.
        width: of a head.
        dtype: of the numbers.
        device: that computes.
        turning: whether it turns queries and keys.
    """
    generator = torch.Generator().manual_seed(0)
    batch = response_batch([ResponseTokens(text, 0, False) for text in TEXTS])
    seen, count = dense_mask(batch), len(batch.token_ids)
    kind = torch.device(device).type
    with apart(kind):
        drawn = [torch.randn(heads, count, width, generator=generator).to(dtype) for heads in (HEADS, 1, 1, HEADS)]
        there, plan = [part.to(device) for part in drawn], plan_of(batch.to(device))
        turned_by = torch.rand(count, width // 2, generator=generator) if turning else None
        rotary = () if turned_by is None else (_rotary(turned_by),)
        found = with_gradients(lambda *qkv: function(*qkv, plan, SCALING, *rotary), there)
        expected = with_gradients(partial(_dense, seen, turned_by), [part.float() for part in drawn])
    return near([part.cpu() for part in found], expected, dtype)


@contextmanager
def apart(device: str) -> Iterator[None]:
    """Gradients whatever the caller's context: a layer may ask within autocast, inference or a checkpoint.

    A checkpoint counts what its layer saves, and compares that with what it saves when it is computed again.
    """
    saved_as_they_are = torch.autograd.graph.saved_tensors_hooks(_itself, _itself)  # the innermost hooks alone count
    with torch.inference_mode(False), torch.enable_grad(), torch.autocast(device, enabled=False), saved_as_they_are:
        yield


@torch.no_grad()
def near(found: Sequence[Tensor], expected: Sequence[Tensor], dtype: torch.dtype) -> bool:
    """Whether tensors are those that were expected, up to the rounding of numbers of a type."""
    tolerance, pairs = TOLERANCE.get(dtype, 0.03), zip(found, expected, strict=True)
    return all(bool((ours.float() - right).norm() <= tolerance * right.norm()) for ours, right in pairs)


def with_gradients(attention: Callable[..., Tensor], drawn: list[Tensor]) -> list[Tensor]:
    """What a function gives of all but the last tensor, and its gradients where the last is that of what it gives."""
    *inputs, outer = (part.detach().requires_grad_() for part in drawn)
    output = attention(*inputs)
    return [output, *torch.autograd.grad(output, inputs, outer)]


def _itself(tensor: Tensor) -> Tensor:
    return tensor


def _rotary(turned_by: Tensor) -> Rotary:
    angles = Angles(turned_by.cos(), turned_by.sin())
    return Rotary(angles, angles)


def _dense(seen: Tensor, turned_by: Tensor | None, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    if turned_by is not None:
        query, key = (_turned(heads, turned_by) for heads in (query, key))
    return F.scaled_dot_product_attention(
        query, key.expand_as(query), value.expand_as(query), attn_mask=seen, scale=SCALING
    )


def _turned(heads: Tensor, by: Tensor) -> Tensor:
    """The halves of heads as complex numbers, times those of an angle."""
    turned = torch.complex(*heads.chunk(2, dim=-1)) * torch.polar(torch.ones_like(by), by)
    return torch.cat((turned.real, turned.imag), dim=-1)
