"""Attention over a packed row by tiles, with its gradient.

On a processor torch's varlen kernels do not exist, and one dense mask over the row would compute mostly what it hides;
batched matrix products over tiles of like size compute little else than is needed. `choose.py` says where they give way
to flash attention.

Shape legend: `H` query heads, `G` key heads (H = G * R), `D` head width, `Q` queries, `T` tokens of the row; within a
group of tiles `C` tiles of `q` queries and `k` keys.
"""

from typing import Any

import torch
from torch import Tensor

from rmexp.encoding.batches import ResponseBatch
from rmexp.models.attention.attention_plan import AttentionPlan, TileGroup, attention_plan
from rmexp.models.attention.choose import Kind, attention_kind
from rmexp.models.attention.flash import FlashKernel
from rmexp.models.attention.merged_attention import MergedAttention, MergedPlan, merged_plan


def packed_attention(
    query: Tensor, key: Tensor, value: Tensor, plan: AttentionPlan | MergedPlan, scaling: float
) -> Tensor:
    """Softmax attention of the queries of a plan.

    Queries behind those of the plan, which fill up a row, get zeros and no gradient.

    Args:
        query: (H, Q, D), in the plan's order.
        key: (G, T, D); G divides H, and each key head serves as many query heads.
        value: (G, T, D).
        plan: who attends to whom.
        scaling: factor of the products of queries and keys.

    Returns:
        (H, Q, D) in the type of `query`; scores and their softmax are in that type, sums inside it in float32.
    """
    if isinstance(plan, MergedPlan):
        return MergedAttention.apply(query, key, value, plan, scaling)  # type: ignore[no-any-return, no-untyped-call]
    return PackedAttention.apply(query, key, value, plan, scaling)  # type: ignore[no-any-return, no-untyped-call]


class AttentionPlans:
    """The plans of one batch, each made when a layer first asks for it.

    Args:
        batch: whose row it is.
        length: number of queries, with those that only fill up a row.
        queries: tokens of the row that attend, ascending; None for all of them.
    """

    def __init__(self, batch: ResponseBatch, length: int, queries: Tensor | None = None) -> None:
        self.batch, self.length, self.queries = batch, length, queries
        self.plans: dict[tuple[Kind, int | None], AttentionPlan | MergedPlan] = {}

    def within(self, window: int | None, query: Tensor) -> AttentionPlan | MergedPlan:
        """The plan of a layer.

        Args:
            window: positions that it looks back; None for all.
            query: (H, Q, D), whose device, type and width say how it is computed best.
        """
        if window is not None and window >= int(self.batch.lengths.max()):
            window = None
        kind = attention_kind(query, window)
        if (kind, window) not in self.plans:
            self.plans[kind, window] = (
                merged_plan(self.batch, self.queries, FlashKernel())
                if kind == "flash"
                else _on(attention_plan(self.batch, self.length, self.queries, window), query.device)
            )
        return self.plans[kind, window]


def _on(plan: AttentionPlan, device: torch.device) -> AttentionPlan:
    """A plan where the queries are; it is made on the host."""
    if device.type == "cpu":
        return plan
    groups = []
    for group in plan.groups:
        queries, keys, mask, real = (tensor.to(device) for tensor in group[:4])
        groups.append(TileGroup(queries, keys, mask, real, group.stretches))
    return AttentionPlan(tuple(groups), plan.slots.to(device))


class PackedAttention(torch.autograd.Function):
    """The probabilities are kept from the forward for the backward pass: (H, C, q, k) for each group of tiles."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, plan: AttentionPlan, scaling: float) -> Tensor:
        """See `packed_attention`."""
        outputs, kept = [], []
        for group in plan.groups:
            queries, keys, values = _gathered(query, key, value, group)
            scores = torch.bmm(queries.mul_(scaling), keys.transpose(1, 2))
            by_tile = scores.view(key.shape[0], len(group.mask), -1, *group.mask.shape[1:])
            by_tile += group.mask[:, None].to(scores.dtype)
            probabilities = scores.softmax(dim=-1)
            outputs.append(_heads(torch.bmm(probabilities, values), query.shape, group))
            kept.append(probabilities)
        ctx.save_for_backward(query, key, value, *kept)
        ctx.plan, ctx.scaling = plan, scaling
        return _in_order(outputs, plan)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of query, key and value."""
        query, key, value, *kept = ctx.saved_tensors
        key_sum, value_sum = (torch.zeros(key.shape, dtype=torch.float32, device=key.device) for _ in range(2))
        query_parts = []
        for group, probabilities in zip(ctx.plan.groups, kept, strict=True):
            queries, keys, values = _gathered(query, key, value, group)
            outer = _queries(gradient, key.shape[0], group)
            by_tile = outer.view(len(key), len(group.mask), -1, group.mask.shape[1], outer.shape[-1])
            by_tile *= group.real[:, None].to(outer.dtype)
            _add_keys(value_sum, torch.bmm(probabilities.transpose(1, 2), outer), group)
            inner = torch.bmm(outer, values.transpose(1, 2))
            inner = torch._softmax_backward_data(inner, probabilities, -1, inner.dtype).mul_(ctx.scaling)
            _add_keys(key_sum, torch.bmm(inner.transpose(1, 2), queries), group)
            query_parts.append(_heads(torch.bmm(inner, keys), query.shape, group))
        return _in_order(query_parts, ctx.plan), key_sum.to(key.dtype), value_sum.to(value.dtype), None, None


def _gathered(query: Tensor, key: Tensor, value: Tensor, group: TileGroup) -> tuple[Tensor, Tensor, Tensor]:
    """Queries (G * C, R * q, D), keys and values (G * C, k, D) of all tiles of a group."""
    tiles, _, keys = group.mask.shape
    shape = (key.shape[0] * tiles, keys, key.shape[2])
    gathered = (of_row.index_select(1, group.keys).view(shape) for of_row in (key, value))
    return _queries(query, key.shape[0], group), *gathered  # type: ignore[return-value]


def _queries(query: Tensor, key_heads: int, group: TileGroup) -> Tensor:
    """(H, Q, D) to (G * C, R * q, D)."""
    tiles, queries, _ = group.mask.shape
    gathered = query.index_select(1, group.queries).view(key_heads, -1, tiles, queries, query.shape[2])
    return gathered.transpose(1, 2).reshape(key_heads * tiles, -1, query.shape[2])


def _heads(of_tiles: Tensor, shape: torch.Size, group: TileGroup) -> Tensor:
    """(G * C, R * q, D) back to (H, C * q, D)."""
    tiles, queries, _ = group.mask.shape
    key_heads = of_tiles.shape[0] // tiles
    by_head = of_tiles.view(key_heads, tiles, -1, queries, shape[2]).transpose(1, 2)
    return by_head.reshape(shape[0], tiles * queries, shape[2])


def _in_order(parts: list[Tensor], plan: AttentionPlan) -> Tensor:
    """(H, Q, D) of (H, C * q, D) of each group, zeros for queries that are in none."""
    heads, _, width = parts[0].shape
    return torch.cat([*parts, parts[0].new_zeros(heads, 1, width)], dim=1).index_select(1, plan.slots)


def _add_keys(sums: Tensor, of_tiles: Tensor, group: TileGroup) -> None:
    """Add (G * C, k, D) to (G, T, D): tiles of one group of responses have keys in common."""
    parts = of_tiles.float().view(len(sums), len(group.mask), -1, sums.shape[2])
    for tile, stretches in enumerate(group.stretches):
        first = 0
        for start, end in stretches:
            sums[:, start:end].add_(parts[:, tile, first : first + end - start])
            first += end - start
