"""Attention over a packed row as two attentions with contiguous keys: own tokens, and what a response shares.

Each is one call of torch's variable-length flash attention. The two are merged by their log-sum-exp inside an
`autograd.Function`. The backward pass of each gets the merged output and the merged log-sum-exp. So its gradient is
exact, and that of a returned log-sum-exp, which torch would drop, is never needed.

Shape legend: `H` query heads, `G` key heads, `D` head width, `T` tokens of the row, `S` of them that share a start.
"""

from itertools import groupby
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from rmexp.encoding.batches import ResponseBatch
from rmexp.hardware.device import moved
from rmexp.models.attention.attention_plan import segments


class Sequences(NamedTuple):
    """Which stretches of queries attend to which stretches of keys, both one after the other in their tensors."""

    queries: Tensor  # (N + 1,) int32, where each stretch starts, and the end
    keys: Tensor  # (N + 1,) int32
    most_queries: int
    most_keys: int
    causal: bool


class Kernel(Protocol):
    """Attention over stretches, with its gradient."""

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, along: Sequences, scaling: float
    ) -> tuple[Tensor, Tensor]:
        """Output (Q, H, D) and log-sum-exp (H, Q), of (Q, H, D) queries and (K, G, D) keys and values."""

    def backward(
        self,
        gradient: Tensor,
        qkv: tuple[Tensor, Tensor, Tensor],
        output: Tensor,
        lse: Tensor,
        along: Sequences,
        scaling: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients of query, key and value, given what the softmax over all keys has come to."""


class MergedPlan(NamedTuple):
    """How the attention of a row is computed in two parts."""

    own: Sequences
    shared: Sequences | None  # None where no response shares a start: a kernel may give anything for no keys
    sharing: Tensor  # (S,) int64, tokens of the row that attend to a shared start, ascending
    starts: Tensor  # int64, the tokens of the shared starts, one after the other
    rows: Tensor | None  # (Q,) int64, which tokens the queries are of; None for all of the row
    kernel: Kernel


def merged_plan(batch: ResponseBatch, queries: Tensor | None, kernel: Kernel) -> MergedPlan:
    """The plan of a row.

    Args:
        batch: whose row it is.
        queries: tokens of the row that attend, ascending, on the host; None for all of them.
        kernel: that computes the parts.
    """
    device, row = batch.device, segments(batch)
    groups = [
        (tuple(range(first.shared_start, first.shared_end)), tuple(range(first.start, last.end)))
        for members in _groups(row)
        if (first := members[0]).shared_end > first.shared_start and (last := members[-1])
    ]
    own = _sequences([part.end - part.start for part in row], [part.end - part.start for part in row], True, device)
    shared = None
    if groups:
        shared = _sequences([len(own) for _, own in groups], [len(keys) for keys, _ in groups], False, device)
    sharing, starts = (
        moved(torch.tensor([place for group in groups for place in group[side]], dtype=torch.int64), device)
        for side in (1, 0)
    )
    return MergedPlan(own, shared, sharing, starts, None if queries is None else moved(queries, device), kernel)


def _groups(row: list[Any]) -> list[list[Any]]:
    """Neighbours in the row with one shared start."""
    return [list(members) for _, members in groupby(row, key=lambda part: (part.shared_start, part.shared_end))]


def _sequences(queries: list[int], keys: list[int], causal: bool, device: torch.device) -> Sequences:
    of_queries, of_keys = (moved(torch.tensor([0, *lengths]).cumsum(0).int(), device) for lengths in (queries, keys))
    return Sequences(of_queries, of_keys, max(queries), max(keys), causal)


class MergedAttention(torch.autograd.Function):
    """Keeps queries, keys and values, the output and one number for each query and head."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, plan: MergedPlan, scaling: float) -> Tensor:
        """See `packed_attention`."""
        query = _whole_row(query, key.shape[1], plan).transpose(0, 1)
        key, value = key.transpose(0, 1).contiguous(), value.transpose(0, 1).contiguous()
        output, lse = plan.kernel.forward(query, key, value, plan.own, scaling)
        if plan.shared is not None:
            parts = query[plan.sharing], key[plan.starts], value[plan.starts]
            other, other_lse = plan.kernel.forward(*parts, plan.shared, scaling)
            output, lse = _merged(output, lse, other, other_lse, plan.sharing)
        ctx.save_for_backward(query, key, value, output, lse)
        ctx.plan, ctx.scaling = plan, scaling
        return _read(output, plan).transpose(0, 1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of query, key and value."""
        query, key, value, output, lse = ctx.saved_tensors
        plan, scaling = ctx.plan, ctx.scaling
        gradient = _whole_row(gradient, len(query), plan).transpose(0, 1).contiguous()
        of_query, of_key, of_value = plan.kernel.backward(gradient, (query, key, value), output, lse, plan.own, scaling)
        if plan.shared is not None:
            rows, starts = plan.sharing, plan.starts
            parts = plan.kernel.backward(
                gradient[rows],
                (query[rows], key[starts], value[starts]),
                output[rows],
                lse[:, rows].contiguous(),
                plan.shared,
                scaling,
            )
            of_query = of_query.index_add(0, rows, parts[0])
            of_key, of_value = of_key.index_add(0, starts, parts[1]), of_value.index_add(0, starts, parts[2])
        return _read(of_query, plan).transpose(0, 1), of_key.transpose(0, 1), of_value.transpose(0, 1), None, None


def _merged(output: Tensor, lse: Tensor, other: Tensor, other_lse: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Two attentions of the queries at `rows` as one over both their keys; the other queries keep theirs."""
    both = torch.logaddexp(lse[:, rows], other_lse)
    weight, other_weight = ((part - both).exp().T[..., None] for part in (lse[:, rows], other_lse))
    merged = (output[rows] * weight + other * other_weight).to(output.dtype)
    return output.index_copy(0, rows, merged), lse.index_copy(1, rows, both)


def _whole_row(of_queries: Tensor, length: int, plan: MergedPlan) -> Tensor:
    """(H, T, D) with zeros where nothing is asked; causal stretches have all their queries."""
    if plan.rows is None:
        return of_queries
    heads, _, width = of_queries.shape
    return of_queries.new_zeros(heads, length, width).index_copy(1, plan.rows, of_queries)


def _read(of_row: Tensor, plan: MergedPlan) -> Tensor:
    """(Q, H, D) of the queries that were asked for."""
    return of_row if plan.rows is None else of_row[plan.rows]
