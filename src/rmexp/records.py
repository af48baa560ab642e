"""Preference data outside torch: frozen records, validated where they are made, one JSON object a line on disk."""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from rmexp.checked_fields import check_number, check_text, optional_id, optional_meta, required
from rmexp.jsonl import describe


class Message(NamedTuple):
    """One turn of a conversation."""

    role: str
    content: str


Prompt = str | tuple[Message, ...]


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
    """

    prompt: Prompt
    chosen: str
    rejected: str
    target: float = 1.0
    margin: float | None = None
    id: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_prompt(self.prompt)
        check_text("chosen", self.chosen)
        check_text("rejected", self.rejected)
        if self.chosen == self.rejected:
            raise IdenticalSides("`chosen` and `rejected` must differ, got the same text twice")
        check_number("target", self.target)
        if not 0 <= self.target <= 1:
            raise ValueError(f"`target` must be in [0, 1], got {self.target}")
        if self.margin is not None:
            check_number("margin", self.margin)
        _complete(self, prompt_json(self.prompt), self.chosen, self.rejected)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Make a record of a JSON object.

        Raises:
            ValueError: a field is missing or is not what the format asks for; the message names it.
        """
        return cls(
            prompt=_prompt_of(row),
            chosen=required(row, "chosen"),
            rejected=required(row, "rejected"),
            target=row.get("target", 1.0),
            margin=row.get("margin"),
            id=optional_id(row),
            meta=optional_meta(row),
        )

    def to_row(self) -> dict[str, Any]:
        """The JSON object that `from_row` reads back to an equal record."""
        row: dict[str, Any] = {"id": self.id, "prompt": prompt_json(self.prompt)}
        row |= {"chosen": self.chosen, "rejected": self.rejected}
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
    """

    prompt: Prompt
    responses: tuple[str, ...]
    gold: tuple[float, ...] | None = None
    id: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)

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
        _complete(self, prompt_json(self.prompt), *self.responses)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
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
            responses=tuple(responses),
            gold=None if gold is None else tuple(gold),
            id=optional_id(row),
            meta=optional_meta(row),
        )

    def to_row(self) -> dict[str, Any]:
        """The JSON object that `from_row` reads back to an equal record."""
        row: dict[str, Any] = {"id": self.id, "prompt": prompt_json(self.prompt), "responses": list(self.responses)}
        if self.gold is not None:
            row["gold"] = list(self.gold)
        if self.meta:
            row["meta"] = dict(self.meta)
        return row


Record = Preference | Candidates


@dataclass(frozen=True, slots=True)
class Scored:
    """The scores of one record's responses, in the record's order.

    Attributes:
        id: the record's id.
        scores: one finite number a response.
        tokens: length of each scored sequence, prompt and response together.
        truncated: whether anything was cut from that sequence to fit the limit.
    """

    id: str
    scores: tuple[float, ...]
    tokens: tuple[int, ...]
    truncated: tuple[bool, ...]

    def __post_init__(self) -> None:
        if not len(self.scores) == len(self.tokens) == len(self.truncated):
            raise ValueError(f"record {self.id}: scores, tokens and truncated must have the same length")
        for score in self.scores:
            if not math.isfinite(score):
                raise ValueError(f"record {self.id}: a score must be finite, got {score}")

    def to_row(self) -> dict[str, Any]:
        """The JSON object of one line of a scored file."""
        return {
            "id": self.id,
            "scores": list(self.scores),
            "tokens": list(self.tokens),
            "truncated": list(self.truncated),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Make a record of a line of a scored file."""
        values = (tuple(required(row, name)) for name in ("scores", "tokens", "truncated"))
        return cls(str(required(row, "id")), *values)


def prompt_text(prompt: Prompt) -> str:
    """A prompt as one text, turns as `role: content` lines; for hashing, grouping and reading, never for a model."""
    if isinstance(prompt, str):
        return prompt
    return "\n".join(f"{message.role}: {message.content}" for message in prompt)


def prompt_json(prompt: Prompt) -> Any:
    """A prompt as JSON holds it: text, or a list of objects."""
    return prompt if isinstance(prompt, str) else [message._asdict() for message in prompt]


def fingerprint(records: Iterable[Record]) -> str:
    """SHA-256 over the records' content and order, as 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for record in records:
        digest.update(json.dumps(record.to_row(), sort_keys=True, ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()[:16]


def _check_prompt(prompt: Any) -> None:
    if isinstance(prompt, str):
        return
    if not isinstance(prompt, tuple) or not prompt:
        raise ValueError(f"`prompt` must be a string or a list of messages, got {describe(prompt)}")
    for message in prompt:
        if not isinstance(message, Message) or not all(isinstance(part, str) for part in message):
            raise ValueError("each message of `prompt` must have a `role` and a `content`, both strings")


def _prompt_of(row: Mapping[str, Any]) -> Prompt:
    prompt = required(row, "prompt")
    if not isinstance(prompt, list):
        return prompt  # type: ignore[no-any-return]  # checked by the record
    messages = []
    for message in prompt:
        if not isinstance(message, dict) or not {"role", "content"} <= message.keys():
            raise ValueError(f"each message of `prompt` must have a `role` and a `content`, got {describe(message)}")
        messages.append(Message(message["role"], message["content"]))
    return tuple(messages)


def _complete(record: Record, *content: Any) -> None:
    if not record.id:
        digest = hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()[:16]
        object.__setattr__(record, "id", digest)
