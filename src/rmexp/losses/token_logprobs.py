"""Log-probabilities of tokens from hidden states, without ever holding the logits of all of them."""

from typing import Any

import torch
from torch import Tensor

CHUNK = 512  # tokens whose logits exist at one time


def token_logprobs(hidden: Tensor, weight: Tensor, token_ids: Tensor) -> Tensor:
    """Log-probability of one token after each hidden state, under a softmax over the vocabulary.

    Logits are computed in the type of `hidden`, or autocast's, their softmax in float32. The backward pass computes
    them again.

    Args:
        hidden: (R, E) states that predict.
        weight: (V, E) of the language-model head, which has no bias.
        token_ids: (R,) in [0, V), what followed.

    Returns:
        (R,) nats, float32, at most 0.

    >>> token_logprobs(torch.zeros(2, 3), torch.zeros(4, 3), torch.tensor([1, 3]))
    tensor([-1.3863, -1.3863])
    """
    return TokenLogprobs.apply(hidden, weight, token_ids)  # type: ignore[no-any-return, no-untyped-call]


class TokenLogprobs(torch.autograd.Function):
    """Keeps nothing but what it is given."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, token_ids: Tensor) -> Tensor:
        """See `token_logprobs`."""
        kind = hidden.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else hidden.dtype
        states, head = hidden.to(dtype), weight.to(dtype)
        logps = []
        for start in range(0, len(token_ids), CHUNK):
            rows = slice(start, start + CHUNK)
            logits = (states[rows] @ head.T).float()
            logps.append(logits.log_softmax(dim=1).gather(1, token_ids[rows, None]).squeeze(1))
        ctx.save_for_backward(hidden, weight, token_ids)
        ctx.dtype = dtype
        return torch.cat(logps)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of hidden states and weight."""
        hidden, weight, token_ids = ctx.saved_tensors
        states, head = hidden.to(ctx.dtype), weight.to(ctx.dtype)
        of_hidden = torch.empty_like(hidden)
        of_weight = torch.zeros(weight.shape, dtype=torch.float32, device=weight.device)
        for start in range(0, len(token_ids), CHUNK):
            rows = slice(start, start + CHUNK)
            outer, ids = gradient[rows, None], token_ids[rows, None]
            # d logp / d logit = [is the token] - probability
            slope = (states[rows] @ head.T).float().softmax(dim=1).mul_(-outer)
            slope = slope.scatter_add_(1, ids, outer).to(ctx.dtype)
            of_hidden[rows] = slope @ head
            of_weight += slope.T @ states[rows]
        return of_hidden, of_weight.to(weight.dtype), None
