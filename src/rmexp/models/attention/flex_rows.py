"""The attention of a packed row on an accelerator: torch's FlexAttention with a mask by blocks."""

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

from rmexp.encoding.batches import ResponseBatch
from rmexp.models.attention.attention_plan import segments


def block_mask(batch: ResponseBatch, queries: Tensor | None = None, window: int | None = None) -> BlockMask:
    """Who attends to whom in a packed row; see `attention_plan` for the arguments.

    Returns:
        A mask of (queries, T); blocks in which nothing is seen are never computed.
    """
    device = batch.token_ids.device
    row = torch.tensor(segments(batch))
    of_row = row.repeat_interleave(row[:, 1] - row[:, 0], dim=0).to(device)
    start, shared_start, shared_end = of_row[:, 0], of_row[:, 2], of_row[:, 3]
    positions = batch.position_ids
    rows = torch.arange(len(positions), device=device) if queries is None else queries.to(device)

    def seen(_: Tensor, __: Tensor, query: Tensor, key: Tensor) -> Tensor:
        token = rows[query]
        own = (key <= token) & (key >= start[token])
        visible = own | ((key >= shared_start[token]) & (key < shared_end[token]))
        return visible if window is None else visible & (positions[token] - positions[key] < window)

    return create_block_mask(seen, None, None, len(rows), len(positions), device=device.type)


def flex_packed_attention(query: Tensor, key: Tensor, value: Tensor, mask: BlockMask, scaling: float) -> Tensor:
    """Softmax attention under a block mask; see `packed_attention` for shapes."""
    attend = flex_attention if query.device.type == "cpu" else _compiled()
    attended: Tensor = attend(query[None], key[None], value[None], block_mask=mask, scale=scaling, enable_gqa=True)
    return attended[0]


@lru_cache(maxsize=1)
def _compiled() -> Any:
    """Uncompiled, it would hold the scores of the whole row."""
    return torch.compile(flex_attention, dynamic=True)
