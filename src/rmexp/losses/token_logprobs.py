"""Log-probabilities of tokens from hidden states, without ever holding the logits of all of them."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

CHUNK = 512  # tokens whose logits exist at one time
STEP = 64  # tokens of half-precision products are filled up to multiples, for which a processor keeps few kernels
KEPT = 1 << 25  # logits at most whose gradient is kept from the forward pass


def token_logprobs(hidden: Tensor, weight: Tensor, token_ids: Tensor) -> Tensor:
    """Log-probability of one token after each hidden state, under a softmax over the vocabulary.

    Logits are computed in the type of `hidden`, or autocast's, their softmax in float32. Where they are few their
    gradient is made in the forward pass, in the type of the products; else the backward pass computes them again.

    Args:
        hidden: (R, E) states that predict.
        weight: (V, E) of the language-model head, which has no bias.
        token_ids: (R,) in [0, V), what followed.

    Returns:
        (R,) nats, float32, at most 0.

    >>> token_logprobs(torch.zeros(2, 3), torch.zeros(4, 3), torch.tensor([1, 3]))
    tensor([-1.3863, -1.3863])
    """
    kept = torch.is_grad_enabled() and len(token_ids) * len(weight) <= KEPT
    return TokenLogprobs.apply(hidden, weight, token_ids, kept)  # type: ignore[no-any-return, no-untyped-call]


class TokenLogprobs(torch.autograd.Function):
    """Keeps what it is given, and the gradient of its logits where that is asked for."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, token_ids: Tensor, kept: bool) -> Tensor:
        """See `token_logprobs`."""
        kind = hidden.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else hidden.dtype
        fillers = -len(token_ids) % STEP if dtype.itemsize == 2 and kind == "cpu" and len(token_ids) > STEP else 0
        states, head, token_ids = _filled(hidden.to(dtype), fillers), weight.to(dtype), F.pad(token_ids, (0, fillers))
        logps, errors = [], []
        for rows in _chunks(token_ids):
            logs, own = _log_softmax(states[rows], head, token_ids[rows])
            logps.append(own)
            if kept:
                errors.append(_errors(logs, own, token_ids[rows]).to(dtype))
        ctx.save_for_backward(hidden, weight, token_ids, *errors)
        ctx.dtype = dtype
        return torch.cat(logps).squeeze(1)[: len(hidden)]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of hidden states and weight."""
        hidden, weight, token_ids, *kept = ctx.saved_tensors
        fillers = len(token_ids) - len(hidden)
        states, head, gradient = (
            _filled(hidden.to(ctx.dtype), fillers),
            weight.to(ctx.dtype),
            F.pad(gradient, (0, fillers)),
        )
        of_hidden = hidden.new_empty(len(token_ids), hidden.shape[1])
        learns = ctx.needs_input_grad[1]
        of_weight = torch.zeros(weight.shape, dtype=torch.float32, device=weight.device) if learns else None
        for number, rows in enumerate(_chunks(token_ids)):
            if kept:
                errors = kept[number]
            else:
                logs, own = _log_softmax(states[rows], head, token_ids[rows])
                errors = _errors(logs, own, token_ids[rows]).to(ctx.dtype)
            outer = -gradient[rows, None]
            of_hidden[rows] = (errors @ head) * outer
            if of_weight is not None:
                of_weight += errors.T @ (states[rows] * outer).to(ctx.dtype)
        return of_hidden[: len(hidden)], None if of_weight is None else of_weight.to(weight.dtype), None, None


def _filled(states: Tensor, fillers: int) -> Tensor:
    """With zeros behind them."""
    return F.pad(states, (0, 0, 0, fillers)) if fillers else states


def _chunks(token_ids: Tensor) -> list[slice]:
    return [slice(start, start + CHUNK) for start in range(0, max(1, len(token_ids)), CHUNK)]


def _log_softmax(states: Tensor, head: Tensor, token_ids: Tensor) -> tuple[Tensor, Tensor]:
    """Log-probabilities of all tokens, (R, V), and of those that followed, (R, 1)."""
    logs = (states @ head.T).float().log_softmax(dim=1)
    return logs, logs.gather(1, token_ids[:, None])


def _errors(logs: Tensor, own: Tensor, token_ids: Tensor) -> Tensor:
    """(R, V) probability less what is so, 1 for the token that followed: the gradient of -logp; in place.

    That token's own is told by `expm1`, for of a probability near 1 little would be left.
    """
    return logs.exp_().scatter_(1, token_ids[:, None], own.expm1())
