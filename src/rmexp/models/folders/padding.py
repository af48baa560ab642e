"""The padding token of a reward model: transformers reads a reward from the last token that is no padding."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

ADDED = "<|pad|>"  # where no token of a vocabulary is free


def ends_in_padding(tokenizer: Any) -> bool:
    """Whether a reward would be read before the end token, or nothing can be padded at all."""
    return tokenizer.pad_token_id in (None, tokenizer.eos_token_id)


def pad_apart(tokenizer: Any) -> None:
    """Give a tokenizer a padding token that is not the end token: one that it has, or a new one.

    Args:
        tokenizer: changed in place.
    """
    own = [token for token in (tokenizer.unk_token, tokenizer.bos_token) if token not in (None, tokenizer.eos_token)]
    if own:
        tokenizer.pad_token = own[0]
    else:
        tokenizer.add_special_tokens({"pad_token": ADDED})


@contextmanager
def room_for_padding(body: Any) -> Iterator[None]:
    """While a body is saved, let it have an embedding of its padding token, of zeros where there is none.

    Args:
        body: transformer whose configuration knows the padding token; as before behind the block.
    """
    embeddings, config = body.get_input_embeddings(), body.config
    weight, size = embeddings.weight, config.vocab_size
    missing = (config.pad_token_id or 0) + 1 - len(weight)
    if missing <= 0:
        yield
        return
    embeddings.weight = nn.Parameter(nn.functional.pad(weight.detach(), (0, 0, 0, missing)))
    config.vocab_size = len(embeddings.weight)
    try:
        yield
    finally:
        embeddings.weight, config.vocab_size = weight, size
