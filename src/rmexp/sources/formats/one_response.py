"""Rows with one response to a prompt, as language models are tuned on them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from rmexp.checked_fields import check_text
from rmexp.dialogue import Prompt, prompt_json
from rmexp.jsonl import JsonObject, describe
from rmexp.message_rows import message_of, messages_of, prompt_of
from rmexp.sources.formats.listed_turns import behind_turns
from rmexp.sources.formats.two_sides import beside
from rmexp.sources.formats.written_lists import as_list

_ANSWERS = ("response", "completion")  # to a `prompt`
_TURNS = ("messages", "conversations")  # as hubs have them, and as ShareGPT
_KEPT = ("id", "meta")
_BESIDE = ("system", "tools", "chat_template_kwargs")  # what belongs to a prompt
_LISTS = ("responses", "gold")  # which a table has as texts


class _Asked(NamedTuple):
    """A prompt, and the response to it: a text or a list of messages."""

    prompt: Prompt
    response: Any


def with_responses(content: JsonObject) -> JsonObject:
    r"""The row of a `Candidates` record that a row stands for; one of an unknown layout as it is.

    Besides `prompt` with `responses` these are known: `prompt` with a `response` or a `completion`, messages of which
    the last one is the response, whatever `prompt` says beside them, and Alpaca's `instruction`, `input` and `output`
    with `history`. A `system` turn, tools and further arguments of the chat template go along.

    Raises:
        ValueError: messages do not end with a response, or a column holds something else.

    >>> with_responses({"instruction": "Add.", "input": "1, 2", "output": "3"})
    {'prompt': 'Add.\n1, 2', 'responses': ['3']}
    """
    if "responses" in content:
        read = {name: as_list(content[name]) for name in _LISTS if isinstance(content.get(name), str)}
        if "prompt" in content and any(content.get(name) for name in _BESIDE):
            read["prompt"] = prompt_json(beside(prompt_of(content["prompt"], "prompt"), content, *_BESIDE))
        return {**content, **read} if read else content
    found = _asked(content)
    if found is None:
        return content
    kept = {key: content[key] for key in _KEPT if key in content}
    return kept | {"prompt": prompt_json(beside(found.prompt, content, *_BESIDE)), "responses": [found.response]}


def _asked(content: JsonObject) -> _Asked | None:
    """Prompt and response of a row; None where its layout is not known."""
    answer = next((name for name in _ANSWERS if name in content), None)
    if "prompt" in content and answer is not None:
        return _Asked(prompt_of(content["prompt"], "prompt"), _response(content, answer))
    if {"instruction", "output"} <= {*content}:
        return _Asked(_alpaca(content), _response(content, "output"))
    column = next((name for name in _TURNS if name in content), None)
    return None if column is None else _last_of(content[column], column)


def _response(content: JsonObject, name: str) -> Any:
    """That of a column, a text or a list of messages."""
    said = content[name]
    if not (isinstance(said, list) and said and isinstance(said[0], Mapping)):
        check_text(name, said)
    return said


def _last_of(turns: Any, column: str) -> _Asked:
    """Messages parted before the last one."""
    if not isinstance(turns, list):
        raise ValueError(f"`{column}` must be a list of messages, got {describe(turns)}")
    if len(turns) < 2 or message_of(turns[-1], f"{column}[{len(turns) - 1}]").role != "assistant":
        raise ValueError(f"`{column}` must end with a response of the assistant to the messages before it")
    return _Asked(messages_of(turns[:-1], column), turns[-1:])


def _alpaca(content: JsonObject) -> Prompt:
    """The instruction with its input below it, behind earlier turns where there are any."""
    prompt, below, before = content["instruction"], content.get("input") or "", content.get("history")
    for name, text in (("instruction", prompt), ("input", below)):
        if not isinstance(text, str):
            raise ValueError(f"`{name}` must be a text, got {describe(text)}")
    prompt = f"{prompt}\n{below}" if prompt and below else prompt or below
    return prompt_of(behind_turns(before, prompt, ("history", "instruction")) if before else prompt, "instruction")
