"""Attention over a packed row by tiles, with its gradient.

On a processor torch's varlen kernels do not exist, and one dense mask over the row would compute mostly what it hides;
batched matrix products over tiles of like size compute little else than is needed. `choose.py` says where they give way
to a kernel.

Shape legend: `H` query heads, `G` key heads (H = G * R), `D` head width, `Q` queries, `T` tokens of the row; within a
group of tiles `C` tiles of `q` queries and `k` keys.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from rmexp.encoding.batches import ResponseBatch
from rmexp.hardware.device import moved
from rmexp.models.attention.attention_plan import MASKED, AttentionPlan, Heads, TileGroup, attention_plan
from rmexp.models.attention.choose import Kind, attention_kind
from rmexp.models.attention.flash import FlashKernel
from rmexp.models.attention.fused.attention import FusedAttention, FusedPlan, fused_plan
from rmexp.models.attention.merged_attention import MergedAttention, MergedPlan, merged_plan
from rmexp.models.attention.rotary import Rotary, rotated

Plan = AttentionPlan | MergedPlan | FusedPlan


def packed_attention(
    query: Tensor, key: Tensor, value: Tensor, plan: Plan, scaling: float, rotary: Rotary | None = None
) -> Tensor:
    """Softmax attention of the queries of a plan.

    Queries behind those of the plan, which fill up a row, get zeros and no gradient.

    Args:
        query: (H, Q, D), in the plan's order.
        key: (G, T, D); G divides H, and each key head serves as many query heads.
        value: (G, T, D).
        plan: who attends to whom.
        scaling: factor of the products of queries and keys.
        rotary: by what queries and keys are turned first; None where they have been.

    Returns:
        (H, Q, D) in the type of `query`; scores and their softmax are in that type, sums inside it in float32.
    """
    if isinstance(plan, FusedPlan):
        return FusedAttention.apply(query, key, value, plan, scaling, rotary)  # type: ignore[no-any-return, no-untyped-call]
    if rotary is not None:
        query, key = rotated(query, rotary.queries), rotated(key, rotary.keys)
    if isinstance(plan, MergedPlan):
        return MergedAttention.apply(query, key, value, plan, scaling)  # type: ignore[no-any-return, no-untyped-call]
    return PackedAttention.apply(query, key, value, plan, scaling)  # type: ignore[no-any-return, no-untyped-call]


class AttentionPlans:
    """The plans of one batch, each made when a layer first asks for it.

    Args:
        batch: whose row it is.
        tokens: in the row, with those that only fill it up.
        queries: tokens of the row that attend, ascending, on the host; None for all of them.
        fillers: behind the queries, of which nothing is read.
    """

    def __init__(self, batch: ResponseBatch, tokens: int, queries: Tensor | None = None, fillers: int = 0) -> None:
        self.batch, self.tokens, self.queries, self.fillers = batch, tokens, queries, fillers
        self.plans: dict[tuple[Kind, int | None, Heads, torch.dtype], Plan] = {}

    def within(self, window: int | None, query: Tensor, key: Tensor) -> Plan:
        """The plan of a layer.

        Args:
            window: positions that it looks back; None for all.
            query: (H, Q, D), whose device, type and width say how it is computed best.
            key: (G, T, D).
        """
        if window is not None and window >= self.batch.longest:
            window = None
        kind, heads = attention_kind(query, window), Heads(len(query), len(key))
        named = (kind, window, heads, query.dtype)
        if named not in self.plans:
            self.plans[named] = self._plan(kind, window, heads, query)
        return self.plans[named]

    def _plan(self, kind: Kind, window: int | None, heads: Heads, query: Tensor) -> Plan:
        if kind == "flash":
            return merged_plan(self.batch, self.queries, FlashKernel())
        if kind == "fused":
            return fused_plan(self.batch, self.queries, window)
        return _beside(self._tiles(heads, window), query)

    def _tiles(self, heads: Heads, window: int | None) -> AttentionPlan:
        given = (self.batch, heads, self.tokens, self.queries)
        return attention_plan(*given, fillers=self.fillers, window=window)


def _beside(plan: AttentionPlan, query: Tensor) -> AttentionPlan:
    """A plan where the queries are, and its figures in their type; it is made on the host, in float32."""
    groups, lowest = [], torch.finfo(query.dtype).min / 2  # a score is added to it, and the sum is to be finite
    for group in plan.groups:
        hidden = group.mask.clamp(min=lowest) if lowest > MASKED else group.mask
        queries, keys, mask = (moved(tensor, query.device) for tensor in (group.queries, group.keys, hidden))
        real = None if group.real is None else moved(group.real, query.device).to(query.dtype)
        groups.append(TileGroup(queries, keys, mask.to(query.dtype), real))
    return AttentionPlan(tuple(groups), *(moved(places, query.device) for places in plan[1:]))


class PackedAttention(torch.autograd.Function):
    """Keeps queries, keys, values and probabilities of each group of tiles for the backward pass."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, plan: AttentionPlan, scaling: float) -> Tensor:
        """See `packed_attention`."""
        query, key, value = (heads.contiguous() for heads in (query, key, value))
        attended, parts = _by_group(query, [group.queries for group in plan.groups])
        kept = []
        for group, part in zip(plan.groups, parts, strict=True):
            batches = key.shape[0] * len(group.mask)
            queries = _gathered(query, group.queries, batches).mul_(scaling)
            keys, values = (_gathered(of_row, group.keys, batches) for of_row in (key, value))
            scores = torch.bmm(queries, keys.transpose(1, 2))
            _by_tile(scores, group).add_(group.mask.to(scores.dtype))
            probabilities = scores.softmax(dim=-1)
            torch.bmm(probabilities, values, out=part.view(batches, -1, value.shape[2]))
            kept += [queries, keys, values, probabilities]
        ctx.save_for_backward(*kept)
        ctx.plan, ctx.scaling, ctx.shapes = plan, scaling, (query.shape, key.shape)
        return attended.index_select(0, plan.slots).view(query.shape)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of query, key and value."""
        plan, (query_shape, key_shape) = ctx.plan, ctx.shapes
        kept = iter(ctx.saved_tensors)
        of_queries, query_parts = _by_group(gradient, [group.queries for group in plan.groups])
        of_keys, key_parts = _by_group(gradient, [group.keys for group in plan.groups])
        of_values, value_parts = _by_group(gradient, [group.keys for group in plan.groups])
        for group, *parts in zip(plan.groups, query_parts, key_parts, value_parts, strict=True):
            queries, keys, values, probabilities = (next(kept) for _ in range(4))
            to_query, to_key, to_value = (part.view(len(keys), -1, part.shape[-1]) for part in parts)
            outer = _gathered(gradient, group.queries, len(keys))
            if group.real is not None:
                _by_tile(outer, group).mul_(group.real.to(outer.dtype))
            torch.bmm(probabilities.transpose(1, 2), outer, out=to_value)
            inner = torch.bmm(outer, values.transpose(1, 2))
            inner = torch._softmax_backward_data(inner, probabilities, -1, inner.dtype)
            torch.bmm(inner.transpose(1, 2), queries, out=to_key)
            torch.bmm(inner, keys, out=to_query)
        of_query = of_queries.index_select(0, plan.slots).view(query_shape).mul_(ctx.scaling)
        return of_query, *(_summed(rows, plan).view(key_shape) for rows in (of_keys, of_values)), None, None


def _by_group(like: Tensor, indices: Sequence[Tensor]) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Memory for the rows of all groups, and of each of them; one row of zeros stands behind."""
    sizes = [len(rows) for rows in indices]
    every = like.new_empty(sum(sizes) + 1, like.shape[2])
    every[-1] = 0
    return every, torch.split(every[:-1], sizes)


def _gathered(of_row: Tensor, rows: Tensor, batches: int) -> Tensor:
    """(batches, *, D) rows of what heads have, (H or G, *, D)."""
    return of_row.flatten(0, 1).index_select(0, rows).view(batches, -1, of_row.shape[2])


def _by_tile(of_tiles: Tensor, group: TileGroup) -> Tensor:
    """(G * C, R * Q, *) as (G, C, R, Q, *)."""
    tiles, _, queries, _ = group.mask.shape
    return of_tiles.view(-1, tiles, of_tiles.shape[1] // queries, queries, of_tiles.shape[2])


def _summed(rows: Tensor, plan: AttentionPlan) -> Tensor:
    """(G * T, D) sums over the tiles that look at a key, in float32 inside."""
    bag = torch.ops.aten._embedding_bag_forward_only
    sums: Tensor = bag(rows, plan.key_slots, plan.key_ends, include_last_offset=True)[0]
    return sums
