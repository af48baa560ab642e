"""Attention over a packed row in one pass, which keeps no scores, rotary positions included: `forward` of forward.h and
its gradient.

Shape legend: `H` query heads, `G` key heads (H = G * R), `D` head width, `Q` queries, `T` tokens of the row, `S` of its
segments, `N` groups of segments that share a start.
"""

import ctypes
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rmexp.encoding.batches import ResponseBatch
from rmexp.models.attention.attention_plan import segments
from rmexp.models.attention.fused.library import function, has_function
from rmexp.models.attention.rotary import Angles, Rotary

NUMBERS = (torch.bfloat16, torch.float32)
EVERYTHING = 2**31 - 1  # a window that ends nowhere
Places = NDArray[np.int32]


class _Row(ctypes.Structure):
    """`Row` of row.h."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("segments", "groups", "queries", "tokens")),
        ("group_count", ctypes.c_int),
        ("window", ctypes.c_int),
    ]


class _Heads(ctypes.Structure):
    """`Heads` of row.h."""

    _fields_ = [*((name, ctypes.c_int) for name in ("queries", "keys", "width")), ("scale", ctypes.c_float)]


class _Strided(ctypes.Structure):
    """`Strided` of layouts.h."""

    _fields_ = [("data", ctypes.c_void_p), ("head_step", ctypes.c_long), ("token_step", ctypes.c_long)]


class _Angles(ctypes.Structure):
    """`Angles` of layouts.h."""

    _fields_ = [("cosine", ctypes.c_void_p), ("sine", ctypes.c_void_p), ("step", ctypes.c_long)]


class _Call(ctypes.Structure):
    """`Call` of forward.h."""

    _fields_ = [
        ("row", _Row),
        ("heads", _Heads),
        *((name, _Strided) for name in ("query", "key", "value", "output")),
        *((name, _Angles) for name in ("query_angles", "key_angles")),
        ("peaks", ctypes.c_void_p),
        ("factors", ctypes.c_void_p),
        ("query_count", ctypes.c_long),
        ("threads", ctypes.c_int),
    ]


class _Gradients(ctypes.Structure):
    """`Gradients` of backward.h."""

    _fields_ = [(name, _Strided) for name in ("output", "query", "key", "value")]


class FusedPlan(NamedTuple):
    """What the queries of a row attend to."""

    segments: Places  # (S, 4): start, end, and both of what the segment shares
    groups: Places  # (N + 1,): where in the segments each group begins, and their number
    queries: Places  # (S + 1,): where in the queries those of each segment begin, and their number
    tokens: Places  # (Q,): which tokens of the row the queries are of, ascending
    window: int  # positions that a query looks back, itself among them

    def of_row(self) -> _Row:
        """The plan as the kernel reads it, while this is alive."""
        places = (part.ctypes.data for part in self[:4])
        return _Row(*places, len(self.groups) - 1, self.window)


def fused_plan(batch: ResponseBatch, queries: Tensor | None, window: int | None) -> FusedPlan:
    """The plan of a row.

    Args:
        batch: whose row it is.
        queries: tokens of the row that attend, ascending, on the host; None for all of them.
        window: positions that a query looks back, itself among them; None for all.
    """
    row = np.array(segments(batch))
    ends = np.append(row[:, 0], row[-1, 1])
    tokens = np.arange(ends[-1]) if queries is None else queries.numpy()
    groups = np.append(np.flatnonzero(row[:, 2] == row[:, 3]), len(row))
    begin, reach = np.searchsorted(tokens, ends), EVERYTHING if window is None else window
    return FusedPlan(_places(row), _places(groups), _places(begin), _places(tokens), reach)


def _places(of_row: NDArray[np.signedinteger[Any]]) -> Places:
    return np.ascontiguousarray(of_row, dtype=np.int32)


class FusedAttention(torch.autograd.Function):
    """Keeps queries, keys, values, outputs, and two figures a query and head."""

    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        plan: FusedPlan,
        scaling: float,
        rotary: Rotary | None,
    ) -> Tensor:
        """See `packed_attention`; all of one type, bfloat16 or float32, on the processor."""
        if not query.dtype == key.dtype == value.dtype:
            raise TypeError(f"queries, keys and values of one type, got {query.dtype}, {key.dtype} and {value.dtype}")
        query, key, value = (_readable(heads) for heads in (query, key, value))
        output = _like(query, len(plan.tokens))
        softmax = torch.empty(2, *query.shape[:2], dtype=torch.float32)
        ctx.plan, ctx.scaling, ctx.rotary = plan, scaling, None if rotary is None else _exact(rotary, query.shape[2])
        tensors = query, key, value, output, softmax
        ctx.save_for_backward(*tensors)
        function("attend", query.dtype)(ctypes.byref(_call(tensors, plan, scaling, ctx.rotary)))
        return output

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of query, key and value."""
        tensors = query, key, value, *_ = ctx.saved_tensors
        gradient, tokens = _readable(gradient), int(ctx.plan.segments[-1, 1])
        found = _like(query, len(ctx.plan.tokens)), _like(key, tokens), _like(value, tokens)
        call = _call(tensors, ctx.plan, ctx.scaling, ctx.rotary)
        gradients = _Gradients(*map(_strided, (gradient, *found)))
        function("attend_back", query.dtype)(ctypes.byref(call), ctypes.byref(gradients))
        return *found, None, None, None


def has_numbers(dtype: torch.dtype) -> bool:
    """Whether the kernel computes with such numbers here.

    Raises:
        NotHere: there is no kernel here.
    """
    return has_function("attend", dtype)


def _call(tensors: tuple[Tensor, ...], plan: FusedPlan, scaling: float, rotary: Rotary | None) -> _Call:
    """What the kernel is told, while tensors, plan and angles are alive."""
    query, key, _, _, softmax = tensors
    heads = _Heads(len(query), len(key), query.shape[2], scaling)
    peaks = softmax.data_ptr()
    figures = peaks, peaks + softmax.stride(0) * softmax.element_size(), softmax.shape[2]
    angles = (_Angles(), _Angles()) if rotary is None else map(_angles, rotary)
    return _Call(plan.of_row(), heads, *map(_strided, tensors[:4]), *angles, *figures, torch.get_num_threads())


def _like(heads: Tensor, count: int) -> Tensor:
    """Memory for the first `count` tokens of heads, token by token; zeros for those behind them."""
    memory = heads.new_empty(heads.shape[1], heads.shape[0], heads.shape[2])
    if count < len(memory):
        memory[count:] = 0
    return memory.transpose(0, 1)


def _readable(heads: Tensor) -> Tensor:
    """(heads, tokens, D) whose figures of a token and head lie side by side."""
    return heads if heads.stride(2) == 1 else heads.contiguous()


def _strided(heads: Tensor) -> _Strided:
    """(heads, tokens, D) as the kernels read it, while the tensor is alive."""
    return _Strided(heads.data_ptr(), heads.stride(0), heads.stride(1))


def _exact(rotary: Rotary, width: int) -> Rotary:
    """Angles in float32, those of a token side by side, for heads of a width."""
    for angles in rotary:
        if 2 * (found := angles.cosine.shape[1]) != width:
            raise ValueError(f"angles of {width / 2:g} figures a token for heads of {width}, got {found}")
    return Rotary(*(Angles(*(part.float().contiguous() for part in angles)) for angles in rotary))


def _angles(angles: Angles) -> _Angles:
    return _Angles(*(part.data_ptr() for part in angles), angles.cosine.stride(0))
