"""Models with an encoder and a decoder, such as T5 and BART: which hidden states of theirs a reward is read from.

The decoder's state at the last token has seen the whole text through the encoder, as in transformers' classifiers of
such families. The mean and the first token are of the encoder's states; the decoder is not computed then.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor


def is_both(body: Any) -> bool:
    """Whether a model has an encoder and a decoder."""
    return bool(getattr(body.config, "is_encoder_decoder", False))


def states_of(body: Any, pooling: str) -> Callable[..., Any]:
    """What computes the hidden states that a reward is pooled from: the body itself, unless it has two parts."""
    if not is_both(body):
        return body  # type: ignore[no-any-return]
    return partial(_decoded, body) if pooling == "last_token" else body.get_encoder()


def freeze_idle(body: Any, pooling: str) -> None:
    """Let nothing learn that no reward depends on: the decoder, where the encoder's states are read."""
    if is_both(body) and pooling != "last_token":
        used = {id(parameter) for parameter in body.get_encoder().parameters()}
        for parameter in body.parameters():
            parameter.requires_grad_(parameter.requires_grad and id(parameter) in used)


def _decoded(body: Any, input_ids: Tensor, **options: Any) -> Any:
    """The decoder reads the text one token later, behind its own begin token."""
    begin = torch.full_like(input_ids[:, :1], body.config.decoder_start_token_id)
    return body(input_ids=input_ids, decoder_input_ids=torch.cat([begin, input_ids[:, :-1]], dim=1), **options)
