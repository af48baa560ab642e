"""A batch computed in several rows, so that memory is bounded by tokens whatever the batch holds."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from rmexp.encoding.batches import ResponseBatch
from rmexp.hardware.device import moved


def in_parts(function: Callable[[ResponseBatch], Tensor], batch: ResponseBatch, max_tokens: int | None) -> Tensor:
    """Apply a function of every response by itself to parts of a batch in turn.

    With more than one part, each is computed again in the backward pass, where it is the only one whose activations
    exist. Loss and gradient are those of the whole batch.

    Args:
        function: of N responses to (N, ...) figures; none may depend on the others of its batch.
        batch: in any order.
        max_tokens: in the row of a part, at least those of the longest response; None computes the batch at once.

    Returns:
        (N, ...) figures in the batch's order.
    """
    if max_tokens is None or len(batch.token_ids) <= max_tokens:
        return function(batch)
    parts = row_parts(batch, max_tokens)
    figures = [checkpoint(function, _some(batch, part), use_reentrant=False) for part in parts]
    order = torch.tensor([index for part in parts for index in part])
    return torch.cat(figures)[moved(order.argsort(), batch.device)]


def row_parts(batch: ResponseBatch, max_tokens: int) -> list[list[int]]:
    """Which responses stand in each part, in the order of the row: as many as fit, neighbours together."""
    fields = (batch.own_starts, batch.shared_starts, batch.shared_lengths, batch.lengths)
    own_starts, shared_starts, shared, lengths = (field.tolist() for field in fields)
    parts: list[list[int]] = []
    tokens, group = max_tokens + 1, -1
    for index in sorted(range(batch.size), key=own_starts.__getitem__):
        own = lengths[index] - shared[index]
        added = own if shared_starts[index] == group else lengths[index]
        if tokens + added > max_tokens:
            parts.append([])
            tokens, added = 0, lengths[index]
        parts[-1].append(index)
        tokens, group = tokens + added, shared_starts[index]
    return parts


def _some(batch: ResponseBatch, part: Sequence[int]) -> ResponseBatch:
    """Some responses of a batch, neighbours in its row, in a row of their own."""
    rows, new = [], []
    tokens, group, group_start = 0, -1, 0
    for index in part:
        start, shared = int(batch.shared_starts[index]), int(batch.shared_lengths[index])
        if start != group:
            group, group_start = start, tokens
            rows.append(torch.arange(start, start + shared))
            tokens += shared
        own, count = int(batch.own_starts[index]), int(batch.lengths[index]) - shared
        rows.append(torch.arange(own, own + count))
        new.append((group_start, tokens))
        tokens += count
    of_row = moved(torch.cat(rows), batch.device)
    shared_starts, own_starts = torch.tensor(new).unbind(1)
    chosen = torch.tensor(part)
    return ResponseBatch(
        batch.token_ids[of_row],
        batch.position_ids[of_row],
        shared_starts,
        batch.shared_lengths[chosen],
        own_starts,
        batch.lengths[chosen],
        batch.prompt_lengths[chosen],
    )
