"""A batch of random lengths computed in slices of like length: the same figures, with less padding to compute."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from rmexp.batches import ResponseBatch

MOST_SLICES = 6
SLICE_COST = 256  # tokens whose computing takes about as long as what a further slice costs on a processor


def in_length_slices(function: Callable[[ResponseBatch], Tensor], batch: ResponseBatch) -> Tensor:
    """Apply a function of every response by itself to the shorter and the longer responses of a batch in turn.

    The batch stays what it is for loss and gradient. An accelerator gets it whole: there, large operations are worth
    more than the padding in them.

    Args:
        function: of N responses to (N, ...) figures; none may depend on the others of its batch.
        batch: in any order.

    Returns:
        (N, ...) figures in the batch's order.
    """
    if batch.lengths.device.type != "cpu":
        return function(batch)
    lengths, order = batch.lengths.sort()
    starts = slice_starts(lengths.tolist())
    if len(starts) == 1:
        return function(batch)
    rows = [order[start:end] for start, end in zip(starts, [*starts[1:], len(order)], strict=True)]
    figures = torch.cat([function(_some(batch, some)) for some in rows])
    return figures[order.argsort()]


def slice_starts(lengths: Sequence[int]) -> list[int]:
    """Where slices begin that are equally many responses and cost least, padding and slices counted.

    Args:
        lengths: ascending.

    >>> slice_starts([100] * 40), slice_starts([20] * 30 + [200] * 10)
    ([0], [0, 10, 20, 30])
    """
    best: tuple[float, list[int]] = (float("inf"), [0])
    for slices in range(1, min(MOST_SLICES, len(lengths)) + 1):
        ends = [len(lengths) * (index + 1) // slices for index in range(slices)]
        starts = [0, *ends[:-1]]
        padded = sum((end - start) * lengths[end - 1] for start, end in zip(starts, ends, strict=True))
        best = min(best, (padded + SLICE_COST * slices, starts))
    return best[1]


def _some(batch: ResponseBatch, rows: Tensor) -> ResponseBatch:
    lengths = batch.lengths[rows]
    return ResponseBatch(batch.token_ids[rows, : int(lengths.max())], lengths, batch.prompt_lengths[rows])
