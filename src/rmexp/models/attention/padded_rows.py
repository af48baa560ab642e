"""The same hidden states by transformers alone, every response in a padded row of its own.

Models that a packed row does not suit are computed so, and everything else is measured against it.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from rmexp.encoding.batches import ResponseBatch
from rmexp.hardware.device import moved
from rmexp.models.attention.encoder_decoder import states_of
from rmexp.models.attention.length_slices import length_slices
from rmexp.models.pooling import own_tokens, pooled


def padded_states(body: Any, batch: ResponseBatch, rows: Tensor) -> Tensor:
    """Last hidden states at some tokens of the packed row, (R, E); see `decoder_states` for the arguments.

    A token that several responses share is read in one of them: a causal model sees the same before it in each.
    """
    return _at_rows(batch, rows, ((some, output.last_hidden_state) for some, output in _outputs(body, batch)))


def padded_logits(causal_lm: Any, batch: ResponseBatch, rows: Tensor) -> Tensor:
    """Logits behind some tokens of the packed row, (R, V), as the model itself computes them."""
    return _at_rows(batch, rows, ((some, output.logits) for some, output in _outputs(causal_lm, batch)))


def pooled_states(body: Any, batch: ResponseBatch, pooling: str, *, mask_padding: bool) -> Tensor:
    """One hidden state of each response, (N, E); see `pooled`.

    Args:
        body: transformer without a head.
        batch: N responses.
        pooling: which hidden state.
        mask_padding: whether the body has to be told what is padding; causal attention need not, since padding is on
            the right, where it never looks.
    """
    parts, found = [], []
    for members, output in _outputs(states_of(body, pooling), batch, mask_padding=mask_padding):
        parts.append(pooled(output.last_hidden_state, moved(batch.lengths[members], batch.device), pooling))
        found.append(members)
    return _in_order(parts, found)


def _at_rows(batch: ResponseBatch, rows: Tensor, slices: Iterable[tuple[Tensor, Tensor]]) -> Tensor:
    """(R, ...) what slices of responses, (n, L, ...), hold at tokens of the packed row."""
    places = batch.places()
    holders = torch.empty(len(batch.token_ids), dtype=torch.int64)  # of each token of the row, a place in (N, L)
    real = own_tokens(batch.lengths, places.shape[1]).flatten().nonzero().squeeze(1)
    holders[places.flatten()[real]] = real
    responses, positions = (index[rows] for index in (holders // places.shape[1], holders % places.shape[1]))
    parts, found = [], []
    for members, values in slices:
        row_of = torch.full((batch.size,), -1)
        row_of[members] = torch.arange(len(members))
        own = (row_of[responses] >= 0).nonzero().squeeze(1)
        parts.append(values[moved(row_of[responses[own]], batch.device), moved(positions[own], batch.device)])
        found.append(own)
    return _in_order(parts, found)


def _in_order(parts: list[Tensor], found: list[Tensor]) -> Tensor:
    """What was computed in parts, in the order of the indices that each is of."""
    values = torch.cat(parts)
    return values[moved(torch.cat(found).argsort(), values.device)]


def _outputs(model: Any, batch: ResponseBatch, *, mask_padding: bool = False) -> Iterator[tuple[Tensor, Any]]:
    """Which responses a slice of the batch holds, (n,) on the host, and what the model makes of them."""
    places = batch.places()
    for members in length_slices(batch.lengths, batch.device.type):
        lengths = batch.lengths[members]
        longest = max(lengths.tolist())
        options: dict[str, Any] = {"use_cache": False}
        if mask_padding:
            options["attention_mask"] = moved(own_tokens(lengths, longest).long(), batch.device)
        token_ids = batch.token_ids[moved(places[members, :longest], batch.device)]
        yield members, model(input_ids=token_ids, **options)
