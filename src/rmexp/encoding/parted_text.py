"""Prompts and responses tokenised one by one, a prompt once for all its responses, where that changes no token.

A special token parts the text of a tokenizer: what is before it and what is behind it are tokenised independently of
each other. Where a rendered prompt ends with one, or with one and a few constant characters such as a line break, the
prompt can be tokenised up to that token, and each response by itself behind it.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rmexp.encoding.engines.engine import engine_of
from rmexp.encoding.engines.words import Engine
from rmexp.encoding.marked_text import CLOSE, OPEN
from rmexp.encoding.token_rows import TokenRows

Sides = tuple[list[int], list[int]]  # ids of a prompt, ids of a response to it


class SideRows(NamedTuple):
    """N responses and their prompts.

    Attributes:
        prompts: a row each; several responses may be to one.
        prompt: (N,) int32, the number of each response's prompt.
        responses: N rows.
    """

    prompts: TokenRows
    prompt: NDArray[np.int32]
    responses: TokenRows

    @classmethod
    def of(cls, sides: Sequence[Sides]) -> "SideRows":
        """The same of lists, where equal prompts are one."""
        known = dict[tuple[int, ...], int]()
        prompt = [known.setdefault(tuple(ids), len(known)) for ids, _ in sides]
        responses = TokenRows.of([ids for _, ids in sides])
        return cls(TokenRows.of([*known]), np.array(prompt, np.int32), responses)

    def lists(self) -> list[Sides]:
        """Of each response the ids of its prompt and its own."""
        prompts = self.prompts.lists()
        return [(prompts[at], ids) for at, ids in zip(self.prompt.tolist(), self.responses.lists(), strict=True)]


class Ending(NamedTuple):
    """How rendered prompts end.

    Attributes:
        token: the last special token.
        tail: what is behind it.
    """

    token: str
    tail: str

    @property
    def text(self) -> str:
        """The whole of it."""
        return self.token + self.tail


class PartedText:
    """Tokenises prompts and responses apart.

    Args:
        tokenizer: a fast transformers tokenizer.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer, self._backend = tokenizer, tokenizer.backend_tokenizer
        self._engine: Engine | None = None  # chosen when the first texts come
        self._parting = [  # one that takes white space with it, or is found in normalised text, does not part cleanly
            token.content
            for token in tokenizer.added_tokens_decoder.values()
            if token.special and not (token.rstrip or token.single_word or token.normalized)
        ]

    def ending(self, start: str) -> Ending | None:
        """How a rendered prompt ends; None where no special token is in it."""
        last = max(((start.rfind(token), len(token), token) for token in self._parting), default=(-1, 0, ""))
        at, length, token = last
        return None if at < 0 else Ending(token, start[at + length :])

    def tokenize(self, ending: Ending, starts: Sequence[str], items: Sequence[tuple[int, str]]) -> SideRows:
        """Ids of prompts and of responses to them.

        Args:
            ending: of every prompt.
            starts: rendered prompts, without marks.
            items: the place of a prompt among these, and a response to it without marks.
        """
        self._backend.no_truncation()  # as the tokenizer's file may have them
        self._backend.no_padding()
        self._backend.encode_special_tokens = False
        before = [start.removesuffix(ending.tail) for start in starts]
        behind = [ending.text + response for _, response in items]
        if self._engine is None:
            self._engine = engine_of(self._tokenizer, [*before, *behind])
        prompts = self._engine(before)
        if not ending.tail:
            places = np.array([at for at, _ in items], np.int32)
            return SideRows(prompts, places, self._engine(behind).behind_first())
        with_offsets, starting = self._backend.encode_batch(behind, add_special_tokens=False), prompts.lists()
        return SideRows.of(
            [self._sides(ending, starting[at], found) for (at, _), found in zip(items, with_offsets, strict=True)]
        )

    def _sides(self, ending: Ending, prompt: list[int], behind: Any) -> Sides:
        """A prompt with the tokens of its tail, and those that carry a character of the response."""
        ids: list[int] = behind.ids
        first = next((at for at, (_, end) in enumerate(behind.offsets) if end > len(ending.text)), len(ids))
        return [*prompt, *ids[1:first]], ids[first:]


def unmarked(text: str) -> bool:
    """Whether nothing in a text may be a mark."""
    return OPEN not in text and CLOSE not in text
