"""The padding token of a reward model: transformers reads a reward from the last token that is no padding."""

from typing import Any


def ends_in_padding(tokenizer: Any) -> bool:
    """Whether a reward would be read before the end token, or nothing can be padded at all."""
    return tokenizer.pad_token_id in (None, tokenizer.eos_token_id)


def pad_apart(tokenizer: Any) -> bool:
    """Make a token of the vocabulary the padding token that is not the end token; whether there is one.

    Args:
        tokenizer: changed in place.
    """
    own = [token for token in (tokenizer.unk_token, tokenizer.bos_token) if token not in (None, tokenizer.eos_token)]
    if own:
        tokenizer.pad_token = own[0]
    return bool(own)
