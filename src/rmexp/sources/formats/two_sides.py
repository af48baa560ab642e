"""From what two columns hold, texts or messages, to a prompt and the two responses to it."""

import re
from collections.abc import Mapping
from typing import Any

from rmexp.dialogue import Dialogue, Message, Prompt, response_of, turns_of, with_turns
from rmexp.jsonl import JsonObject, describe
from rmexp.message_rows import messages_of, prompt_of, told
from rmexp.sources.rows import as_flag, optional_field

Sided = tuple[Any, Any, Any]  # prompt, first response, second response; what is no text is left to the record


def sided(prompt: Any, first: Any, second: Any, names: tuple[str, str, str], *, implicit: bool = False) -> Sided:
    """The prompt and the two responses of one row.

    Args:
        prompt: text, messages, or None where both sides begin with it.
        first: text, message or messages: the response, or a dialogue that ends with it.
        second: of the same kind.
        names: of the three columns, for messages.
        implicit: whether two texts may begin with the prompt too.

    Raises:
        ValueError: the sides do not fit together; the message names the column.
    """
    if is_talk(first) or is_talk(second):
        return _of_messages(prompt, first, second, names)
    if prompt is None and implicit:
        return _cut(first, second)
    return prompt_value(prompt, names[0]), first, second


def check_no_tie(content: JsonObject, target: Any) -> None:
    """Refuse a winner where a column beside it says that neither won, as one column for each outcome does.

    Args:
        content: the row.
        target: what was made of it.

    Raises:
        ValueError: there is such a column.
    """
    if target in (0, 1):
        ties = [name for name in map(str, content) if name.casefold().endswith("_tie")]
        said = [name for name in ties if as_flag(content[name])]
        if said:
            raise ValueError(
                f"`{said[0]}` says that neither won, but another column makes one the winner (data/format=sides "
                "with the columns of both in data.format.label, as data/format=arena_table has them)"
            )


def is_talk(side: Any) -> bool:
    """Whether a value is a message or a list of messages, good or bad."""
    if isinstance(side, str):
        return False
    if isinstance(side, Mapping):
        return "role" in side or "from" in side
    return isinstance(side, list | tuple) and any(isinstance(item, Mapping) for item in side)


def prompt_value(value: Any, name: str) -> Any:
    """A prompt of messages as such; anything else as it is, for the record to judge."""
    if isinstance(value, Mapping) and "messages" not in value:
        value = [value]
    return prompt_of(value, name) if isinstance(value, Mapping | list | tuple) else value


def response_value(value: Any, name: str) -> Any:
    """A response of messages as such; anything else as it is, for the record to judge."""
    return response_of(messages_of(value, name)) if is_talk(value) else value


def beside(prompt: Any, content: JsonObject, system: str | None, tools: str | None, settings: str | None) -> Any:
    """A prompt with what other columns of the row say, where they say anything.

    Args:
        prompt: text or messages.
        content: the row.
        system: column of the text of a system turn.
        tools: column of the tools that the model may call.
        settings: column of further arguments of the chat template.

    Raises:
        ValueError: a column holds something else, or there is a system turn already.
    """
    if not isinstance(prompt, str | tuple | Dialogue):
        return prompt  # the record refuses it
    said = optional_field(content, system)
    if said not in (None, ""):
        if not isinstance(said, str):
            raise ValueError(f"`{system}` must be a text, the system's turn, got {describe(said)}")
        turns = turns_of(prompt)
        if turns[0].role == "system":
            raise ValueError(f"`{system}` stands beside a prompt that begins with a system turn, expected one of them")
        prompt = with_turns(prompt, (Message("system", said), *turns))
    return told(prompt, optional_field(content, tools), optional_field(content, settings))


def _of_messages(prompt: Any, first: Any, second: Any, names: tuple[str, str, str]) -> Sided:
    sides = [_messages(side, name) for side, name in zip((first, second), names[1:], strict=True)]
    shared = _shared(*sides)
    for side, name in zip(sides, names[1:], strict=True):
        if len(side) == shared or side[-1].role != "assistant":
            last = f", the last by {side[-1].role}" if len(side) > shared else ""
            raise ValueError(
                f"`{name}` must end with a message of the assistant after the {shared} that both sides share, "
                f"got {len(side) - shared}{last}"
            )
    before, answers = sides[0][:shared], [response_of(side[shared:]) for side in sides]
    return _whole(prompt, before, names), answers[0], answers[1]


def _messages(side: Any, name: str) -> tuple[Message, ...]:
    if not isinstance(side, list | tuple | Mapping):
        raise ValueError(f"`{name}` must be a list of messages like the other side, got {describe(side)}")
    return messages_of(side, name)


def _shared(first: tuple[Message, ...], second: tuple[Message, ...]) -> int:
    """How many messages both begin with, so that both go on with one of the assistant."""
    shared = 0
    while shared < min(len(first), len(second)) and first[shared] == second[shared]:
        shared += 1
    after = shared
    while after and any(len(side) > after and side[after].role != "assistant" for side in (first, second)):
        after -= 1
    return after if all(side[after].role == "assistant" for side in (first, second) if len(side) > after) else shared


def _whole(prompt: Any, before: tuple[Message, ...], names: tuple[str, str, str]) -> Any:
    """The prompt's messages; a text beside messages repeats one of theirs, as in UltraFeedback's binarized form."""
    if prompt is None and not before:
        raise ValueError(f"`{names[1]}` and `{names[2]}` must begin with the same messages, the prompt")
    if isinstance(prompt, list | tuple | Mapping):
        own: Prompt = prompt_value(prompt, names[0])
        return with_turns(own, (*turns_of(own), *before)) if before else own
    if isinstance(prompt, str) and not before:
        return prompt
    if prompt is not None and prompt not in [message.content for message in before]:
        raise ValueError(f"`{names[0]}` must be among the messages that both sides begin with, or a list")
    return before


def _cut(first: Any, second: Any) -> tuple[str, str, str]:
    """Cut both texts where they begin to differ, before the word that differs and the white space in front of it."""
    for side in (first, second):
        if not isinstance(side, str):
            raise ValueError(f"expected a text with an implicit prompt, got {describe(side)}")
    length = next((i for i, pair in enumerate(zip(first, second)) if pair[0] != pair[1]), None)  # noqa: B905
    shared = first[: min(len(first), len(second)) if length is None else length]
    ends = [match.start() for match in re.finditer(r"\s+(?=\S*$)", shared)]
    if not ends or not shared[: ends[-1]]:
        raise ValueError("expected two texts that begin with the same words, the prompt, got none in common")
    end = ends[-1]
    return first[:end], first[end:], second[end:]
