"""Many texts tokenised as one, with a special token between them that none of them has."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.encoding.token_rows import TokenRows, ends_of

Between = tuple[str, int]  # a special token and its id


def between(tokenizer: Any, texts: Sequence[str]) -> Between | None:
    """A special token that parts texts cleanly; None where there is none.

    It takes no white space with it, is not found in normalised text, and no other token begins within it or ends there.

    Args:
        tokenizer: a fast transformers tokenizer.
        texts: some of those that are tokenised; they do not have the token.
    """
    added = tokenizer.added_tokens_decoder
    contents = [token.content for token in added.values()]
    for number, token in added.items():
        plain = token.special and not (token.lstrip or token.rstrip or token.single_word or token.normalized)
        alone = plain and not any(_overlap(token.content, other) for other in contents)
        if alone and not any(token.content in text for text in texts):
            return token.content, number
    return None


def _overlap(token: str, other: str) -> bool:
    """Whether one of two may begin inside the other."""
    if token != other and (token in other or other in token):
        return True
    sizes = range(1, min(len(token), len(other)))
    return any(one[-size:] == two[:size] for size, (one, two) in product(sizes, ((token, other), (other, token))))


class Joined:
    """Tokenises many texts at once.

    Args:
        encode: gives the ids of one text.
        between: see there; None for each text by itself.
    """

    def __init__(self, encode: Callable[[str], NDArray[np.uint32]], between: Between | None) -> None:
        self._encode, self._between = encode, between

    def __call__(self, texts: Sequence[str]) -> TokenRows:
        """Ids of each text."""
        if self._between is not None and texts:
            text, token = self._between
            ids = self._encode(text.join(texts))
            parts = np.flatnonzero(ids == token)
            if len(parts) == len(texts) - 1:  # no text has it
                ends = np.concatenate([[0], parts - np.arange(len(parts)), [len(ids) - len(parts)]])
                return TokenRows(np.delete(ids, parts), ends)
        found = list(map(self._encode, texts))
        return TokenRows(np.concatenate([np.empty(0, np.uint32), *found]), ends_of(map(len, found), len(found)))
