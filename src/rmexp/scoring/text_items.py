"""A prompt with a response as people write it down: texts, messages, or a JSON object of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from rmexp.dialogue import response_of
from rmexp.jsonl import describe
from rmexp.message_rows import messages_of
from rmexp.records import Candidates

Messages = Sequence[Mapping[str, Any]]
Item = tuple[str | Messages, str | Messages] | Messages | Mapping[str, Any]

_ROWS = (
    "an object of `prompt` and `response`, `responses`, or `chosen` and `rejected`, or of `messages` that end with a "
    "response"
)


def record_of(item: Item) -> Candidates:
    """The prompt and the responses that an item is.

    Args:
        item: a pair of prompt and response, each a text or a list of messages; a list of messages that ends with the
            response; or a JSON object with `prompt` and `response`, `responses`, or `chosen` and `rejected`, or with
            `messages`.

    Raises:
        ValueError: it is none of these.

    >>> record_of(("2 + 2?", "4")).responses
    ('4',)
    >>> turns = [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "4"}]
    >>> record_of(turns).responses
    ('4',)
    >>> record_of({"prompt": "2 + 2?", "chosen": "4", "rejected": "5"}).responses
    ('4', '5')
    """
    if isinstance(item, Mapping):
        return _record_of_row(dict(item))
    if isinstance(item, str) or not isinstance(item, Sequence):
        raise ValueError(f"expected a pair of prompt and response or a list of messages, got {describe(item)}")
    if all(isinstance(message, Mapping) for message in item):
        return _record_of_row({"messages": list(item)})
    if len(item) != 2:
        raise ValueError(f"expected a pair of prompt and response, got a list of {len(item)}")
    return _record_of_row({"prompt": item[0], "response": item[1]})


def _record_of_row(row: dict[str, Any]) -> Candidates:
    if "messages" in row and "prompt" not in row:
        turns = messages_of(row["messages"], "messages")
        if len(turns) < 2 or turns[-1].role != "assistant":
            raise ValueError("`messages` must end with a response of the assistant to the messages before it")
        return Candidates(turns[:-1], (response_of(turns[-1:]),), id=str(row.get("id", "")))
    for names in (("response",), ("chosen", "rejected")):
        if all(name in row for name in names):
            responses = [row[name] for name in names]
            return Candidates.from_row({**row, "responses": [_listed(value) for value in responses]})
    if "prompt" not in row or "responses" not in row:
        raise ValueError(f"expected {_ROWS}, got one of {', '.join(f'`{key}`' for key in row) or 'nothing'}")
    return Candidates.from_row(row)


def _listed(value: Any) -> Any:
    """A response as a record reads it: messages in a list."""
    return [value] if isinstance(value, Mapping) else list(value) if isinstance(value, tuple) else value
