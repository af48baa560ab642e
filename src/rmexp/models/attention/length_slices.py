"""Responses of random lengths in slices of like length: less padding to compute."""

from collections.abc import Sequence

from torch import Tensor

MOST_SLICES = 6
SLICE_COST = 256  # tokens whose computing takes about as long as what a further slice costs on a processor


def length_slices(lengths: Tensor, device: str) -> list[Tensor]:
    """Which responses to compute together, the shorter ones first.

    An accelerator gets them all at once: there, large operations are worth more than the padding in them.

    Args:
        lengths: (N,) tokens of each response.
        device: kind of it that computes.

    Returns:
        Indices, (n,) each and N in all.
    """
    ordered, order = lengths.sort()
    if device != "cpu":
        return [order]
    starts = slice_starts(ordered.tolist())
    return [order[start:end] for start, end in zip(starts, [*starts[1:], len(order)], strict=True)]


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
