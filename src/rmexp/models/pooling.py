"""From the hidden states of a sequence to the one that its reward is read from."""

import torch
from torch import Tensor

POOLINGS = ("mean", "first_token", "last_token")


def pooled(hidden: Tensor, lengths: Tensor, pooling: str) -> Tensor:
    """One hidden state per sequence.

    What is padding is told by the lengths, never by comparing ids with the padding id, which may equal the end token.

    Args:
        hidden: (N, L, H) hidden states of sequences that are padded on the right.
        lengths: (N,) tokens of each.
        pooling: `mean` over a sequence's own tokens, its `first_token`, or its `last_token`.

    Returns:
        (N, H) in the type of `hidden`.

    >>> hidden = torch.tensor([[[1.0], [3.0], [100.0]]])
    >>> [float(pooled(hidden, torch.tensor([2]), pooling)) for pooling in POOLINGS]
    [2.0, 1.0, 3.0]
    """
    check_pooling(pooling)
    if pooling == "first_token":
        return hidden[:, 0]
    if pooling == "last_token":
        return hidden[torch.arange(len(lengths), device=hidden.device), lengths - 1]
    real = own_tokens(lengths, hidden.shape[1])
    return torch.where(real[..., None], hidden, 0).sum(dim=1) / lengths[:, None].to(hidden.dtype)


def own_tokens(lengths: Tensor, longest: int) -> Tensor:
    """(N, longest) whether a position holds a token of its sequence, not padding."""
    return torch.arange(longest, device=lengths.device) < lengths[:, None]


def check_pooling(pooling: str) -> None:
    """Refuse what is no pooling.

    Raises:
        ValueError: naming those that there are.
    """
    if pooling not in POOLINGS:
        raise ValueError(f"model.pooling must be one of {', '.join(POOLINGS)}, got {pooling}")
