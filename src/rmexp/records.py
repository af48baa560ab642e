"""Preference data outside torch: frozen records, validated where they are made, one JSON object a line on disk."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Self

from rmexp.checked_fields import all_of, check_number, check_text, optional_id, optional_meta, required
from rmexp.dialogue import (
    Dialogue,
    Message,
    Prompt,
    prompt_json,
    prompt_text,
    response_json,
    response_of,
)
from rmexp.jsonl import JsonObject, describe
from rmexp.message_rows import messages_of, prompt_of
from rmexp.scored import Scored

__all__ = [
    "Candidates",
    "Message",
    "Preference",
    "Prompt",
    "Record",
    "Scored",
    "prompt_json",
    "prompt_text",
]


class IdenticalSides(ValueError):
    """Both responses of a pair are the same text."""


@dataclass(frozen=True, slots=True)
class Preference:
    """A prompt, two responses and which of them is the better one.

    Attributes:
        prompt: text, or the turns of a conversation that ends before the responses.
        chosen: response that is listed first, the better one unless `target` says otherwise.
        rejected: response that is listed second.
        target: probability in [0, 1] that `chosen` is the better one; 0.5 is a tie.
        margin: how much better `chosen` is, in the data's own units; None when unknown.
        id: stable hash of the content when the data brings none.
        meta: whatever else the data says, for slices and groups.
        place: file and line that it was read from, for messages; empty where nobody knows.

    >>> Preference("2 + 2?", chosen="4", rejected="5").responses
    ('4', '5')
    """

    prompt: Prompt
    chosen: str
    rejected: str
    target: float = 1.0
    margin: float | None = None
    id: str = ""
    meta: JsonObject = field(default_factory=dict)
    place: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        if not _evidently_good(self):
            all_of(
                partial(_check_prompt, self.prompt),
                partial(check_text, "chosen", self.chosen),
                partial(check_text, "rejected", self.rejected),
                partial(_check_target, self.target),
                partial(check_number, "margin", 0 if self.margin is None else self.margin),
            )
        if self.chosen == self.rejected:
            raise IdenticalSides("`chosen` and `rejected` must differ, got the same text twice")
        if not self.id:
            _complete(self, prompt_json(self.prompt), self.chosen, self.rejected)

    @classmethod
    def from_row(cls, row: JsonObject) -> Self:
        """Make a record of a JSON object.

        Raises:
            ValueError: a field is missing or is not what the format asks for; the message names it.
        """
        prompt, chosen, rejected, name, meta = all_of(
            partial(_prompt_of, row),
            partial(_response_of, row, "chosen"),
            partial(_response_of, row, "rejected"),
            partial(optional_id, row),
            partial(optional_meta, row),
        )
        return cls(prompt, chosen, rejected, row.get("target", 1.0), row.get("margin"), name, meta)

    def to_row(self) -> dict[str, Any]:
        """The JSON object that `from_row` reads back to an equal record."""
        row: dict[str, Any] = {"id": self.id, "prompt": prompt_json(self.prompt)}
        row |= {"chosen": response_json(self.chosen), "rejected": response_json(self.rejected)}
        if self.target != 1:
            row["target"] = self.target
        if self.margin is not None:
            row["margin"] = self.margin
        if self.meta:
            row["meta"] = dict(self.meta)
        return row

    @property
    def responses(self) -> tuple[str, ...]:
        """Chosen, rejected: the order in which scores are given."""
        return (self.chosen, self.rejected)


@dataclass(frozen=True, slots=True)
class Candidates:
    """A prompt with one or more responses, in no order of preference.

    Attributes:
        prompt: text, or the turns of a conversation that ends before the responses.
        responses: one or more texts.
        gold: true reward of each response where it is known.
        id: stable hash of the content when the data brings none.
        meta: whatever else the data says; `labels` names the responses where they have names.
        place: file and line that it was read from, for messages; empty where nobody knows.

    >>> len(Candidates("2 + 2?", ("4", "5", "four")).responses)
    3
    """

    prompt: Prompt
    responses: tuple[str, ...]
    gold: tuple[float, ...] | None = None
    id: str = ""
    meta: JsonObject = field(default_factory=dict)
    place: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        _check_prompt(self.prompt)
        if not self.responses:
            raise ValueError("`responses` must hold at least one text, got none")
        for index, response in enumerate(self.responses):
            check_text(f"responses[{index}]", response)
        if self.gold is not None:
            if len(self.gold) != len(self.responses):
                raise ValueError(
                    f"`gold` must hold {len(self.responses)} numbers, one a response, got {len(self.gold)}"
                )
            for value in self.gold:
                check_number("gold", value)
        if not self.id:
            _complete(self, prompt_json(self.prompt), *self.responses)

    @classmethod
    def from_row(cls, row: JsonObject) -> Self:
        """Make a record of a JSON object.

        Raises:
            ValueError: a field is missing or is not what the format asks for; the message names it.
        """
        responses, gold = required(row, "responses"), row.get("gold")
        for name, value in (("responses", responses), ("gold", [] if gold is None else gold)):
            if not isinstance(value, list):
                raise ValueError(f"`{name}` must be a list, got {describe(value)}")
        return cls(
            prompt=_prompt_of(row),
            responses=tuple(_response(value, f"responses[{index}]") for index, value in enumerate(responses)),
            gold=None if gold is None else tuple(gold),
            id=optional_id(row),
            meta=optional_meta(row),
        )

    def of(self, indices: Sequence[int]) -> Self:
        """The same with some of its responses."""
        gold = None if self.gold is None else tuple(self.gold[index] for index in indices)
        return replace(self, responses=tuple(self.responses[index] for index in indices), gold=gold)

    def to_row(self) -> dict[str, Any]:
        """The JSON object that `from_row` reads back to an equal record."""
        row: dict[str, Any] = {
            "id": self.id,
            "prompt": prompt_json(self.prompt),
            "responses": [*map(response_json, self.responses)],
        }
        if self.gold is not None:
            row["gold"] = list(self.gold)
        if self.meta:
            row["meta"] = dict(self.meta)
        return row


Record = Preference | Candidates


def put(record: Record, place: str) -> None:
    """Say where a record was read, for messages."""
    object.__setattr__(record, "place", place)


def _check_prompt(prompt: Any) -> None:
    if isinstance(prompt, str):
        return
    turns = prompt.turns if isinstance(prompt, Dialogue) else prompt
    if not isinstance(turns, tuple) or not turns:
        raise ValueError(f"`prompt` must be a string or a list of messages, got {describe(prompt)}")
    for message in turns:
        if not isinstance(message, Message) or not all(isinstance(part, str) for part in message):
            raise ValueError("each message of `prompt` must have a `role` and a `content`, both strings")


def _check_target(target: Any) -> None:
    check_number("target", target)
    if not 0 <= target <= 1:
        raise ValueError(f"`target` must be in [0, 1], got {target}")


def _prompt_of(row: JsonObject) -> Prompt:
    return prompt_of(required(row, "prompt"), "prompt")


def _response_of(row: JsonObject, name: str) -> str:
    return _response(required(row, name), name)


def _response(value: Any, name: str) -> str:
    """A text as it is, what is no text too: the record refuses it."""
    listed = isinstance(value, list) and value and isinstance(value[0], dict)
    return response_of(messages_of(value, name)) if listed else value


def _evidently_good(pair: Preference) -> bool:
    """Whether a pair of texts holds what it must, at a glance; what else may be good is looked at field by field."""
    first, second = pair.chosen, pair.rejected
    if not (type(pair.prompt) is type(first) is type(second) is str) or pair.margin is not None:
        return False
    responses = first and second and not (first.isspace() or second.isspace())
    return bool(responses) and type(pair.target) is float and 0 <= pair.target <= 1


def _complete(record: Record, *content: Any) -> None:
    digest = hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()[:16]
    object.__setattr__(record, "id", digest)
