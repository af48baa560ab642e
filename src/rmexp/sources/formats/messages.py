"""The preference formats of TRL: explicit or implicit prompt, in text or in messages.

Source: the documentation of TRL, "Dataset formats and types".
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rmexp.jsonl import describe
from rmexp.records import Message, Preference
from rmexp.sources.rows import Outcome, Row, extras, field, row_by_row


@dataclass(frozen=True, kw_only=True)
class Messages:
    """Columns of chosen and rejected, each a text or a list of messages.

    Attributes:
        prompt: column of the prompt; a row without it has an implicit one, which is what both sides begin with.
        chosen: the better response, or a dialogue that ends with it.
        rejected: the other one.
        meta: further columns to keep.
    """

    prompt: str | None
    chosen: str
    rejected: str
    meta: list[str]

    def __call__(self, rows: Iterable[Row]) -> Iterator[tuple[Row, Outcome]]:
        """Make one pair of each row."""
        return row_by_row(rows, self._pair)

    def _pair(self, content: Mapping[str, Any]) -> Iterator[Preference]:
        sides = [field(content, column) for column in (self.chosen, self.rejected)]
        prompt = None if self.prompt is None else content.get(self.prompt)
        row = self._talk(prompt, *sides) if any(isinstance(side, list) for side in sides) else _texts(prompt, *sides)
        yield Preference.from_row(row | {"meta": extras(content, self.meta)})

    def _talk(self, prompt: Any, chosen: Any, rejected: Any) -> dict[str, Any]:
        first, second = _parsed(chosen, self.chosen), _parsed(rejected, self.rejected)
        shared = 0
        while shared < min(len(first), len(second)) and first[shared] == second[shared]:
            shared += 1
        for side, column in ((first, self.chosen), (second, self.rejected)):
            if len(side) != shared + 1 or side[-1].role != "assistant":
                raise ValueError(
                    f"`{column}` must end with one message of the assistant after the {shared} that both sides share, "
                    f"got {len(side) - shared}{f', the last by {side[-1].role}' if len(side) > shared else ''}"
                )
        before = [message._asdict() for message in first[:shared]]
        return {
            "prompt": self._whole(prompt, before),
            "chosen": first[-1].content,
            "rejected": second[-1].content,
        }

    def _whole(self, prompt: Any, before: list[dict[str, str]]) -> list[Any] | str:
        """The prompt's messages; a text beside messages repeats one of theirs, as in UltraFeedback's binarized form."""
        if isinstance(prompt, list):
            return prompt + before
        if prompt is None and not before:
            raise ValueError(f"`{self.chosen}` and `{self.rejected}` must begin with the same messages, the prompt")
        if isinstance(prompt, str) and not before:
            return prompt
        if prompt is not None and prompt not in [message["content"] for message in before]:
            raise ValueError(f"`{self.prompt}` must be among the messages that both sides begin with, or a list")
        return before


def _texts(prompt: Any, chosen: Any, rejected: Any) -> dict[str, Any]:
    if prompt is None:
        prompt, chosen, rejected = _cut(chosen, rejected)
    return {"prompt": prompt, "chosen": chosen, "rejected": rejected}


def _cut(chosen: Any, rejected: Any) -> tuple[str, str, str]:
    """Cut both texts where they begin to differ, before the word that differs and the white space in front of it."""
    for side in (chosen, rejected):
        if not isinstance(side, str):
            raise ValueError(f"expected a text with an implicit prompt, got {describe(side)}")
    length = next((i for i, pair in enumerate(zip(chosen, rejected)) if pair[0] != pair[1]), None)  # noqa: B905
    shared = chosen[: min(len(chosen), len(rejected)) if length is None else length]
    ends = [match.start() for match in re.finditer(r"\s+(?=\S*$)", shared)]
    if not ends or not shared[: ends[-1]]:
        raise ValueError("expected two texts that begin with the same words, the prompt, got none in common")
    end = ends[-1]
    return chosen[:end], chosen[end:], rejected[end:]


def _parsed(side: Any, column: str) -> list[Message]:
    if not isinstance(side, list):
        raise ValueError(f"`{column}` must be a list of messages like the other side, got {describe(side)}")
    for message in side:
        if (
            not isinstance(message, Mapping)
            or not isinstance(message.get("role"), str)
            or not isinstance(message.get("content"), str)
        ):
            raise ValueError(f"each message of `{column}` must have a `role` and a `content`, both strings")
    return [Message(message["role"], message["content"]) for message in side]
