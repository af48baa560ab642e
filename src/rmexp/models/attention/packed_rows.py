"""Hidden states over a packed row by transformers' own layers, with our attention inside them."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface

from rmexp.encoding.batches import ResponseBatch
from rmexp.hardware.device import moved
from rmexp.models.attention.packed_attention import AttentionPlans, packed_attention

ATTENTION = "rmexp_packed"
# What some families add to attention and this one has not.
UNSUPPORTED = ("softcap", "s_aux", "position_bias", "head_mask")


def packed_states(body: Any, batch: ResponseBatch, rows: Tensor) -> Tensor:
    """Last hidden states at some tokens of the packed row, (R, E); see `decoder_states` for the arguments."""
    own = body.config._attn_implementation
    body.config._attn_implementation = ATTENTION
    try:
        output = body(
            input_ids=batch.token_ids[None],
            position_ids=batch.position_ids[None],
            use_cache=False,
            plans=AttentionPlans(batch, len(batch.token_ids)),
        )
    finally:
        body.config._attn_implementation = own
    return output.last_hidden_state[0, moved(rows, batch.device)]  # type: ignore[no-any-return]


def attention_of_row(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float,
    plans: AttentionPlans,
    sliding_window: int | None = None,
    dropout: float = 0.0,
    **others: Any,
) -> tuple[Tensor, None]:
    """The attention function that transformers calls in each layer.

    Args:
        module: the layer's attention.
        query: (1, H, T, D).
        key: (1, G, T, D).
        value: (1, G, T, D).
        attention_mask: not used; transformers makes none for an attention function of this name.
        scaling: factor of the products of queries and keys.
        plans: who attends to whom.
        sliding_window: positions that a token looks back; None for all.
        dropout: 0 in every model of ours.
        others: what a family passes besides.

    Returns:
        (1, T, H, D), and no probabilities.

    Raises:
        NotImplementedError: the family's attention does something that this one does not.
    """
    for name in UNSUPPORTED:
        if others.get(name) is not None:
            raise NotImplementedError(f"attention with {name}")
    if dropout:
        raise NotImplementedError("attention with dropout")
    kind = query.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else query.dtype
    query, key, value = (heads[0].to(dtype) for heads in (query, key, value))
    attended = packed_attention(query, key, value, plans.within(sliding_window, query, key), scaling)
    return attended.transpose(0, 1)[None], None


AttentionInterface.register(ATTENTION, attention_of_row)
