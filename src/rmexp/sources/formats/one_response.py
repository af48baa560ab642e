"""Rows with one response to a prompt, as language models are tuned on them."""

from collections.abc import Mapping
from typing import Any

from rmexp.jsonl import JsonObject, describe
from rmexp.message_rows import message_of
from rmexp.sources.formats.listed_turns import behind_turns

_TURNS = ("messages", "conversations")  # as hubs have them, and as ShareGPT
_KEPT = ("id", "meta")
_BESIDE = ("tools", "chat_template_kwargs")


def with_responses(content: JsonObject) -> JsonObject:
    r"""The row of a `Candidates` record that a row stands for; one of an unknown layout as it is.

    Besides `prompt` with `responses` these are known: `prompt` with a `response` or a `completion`, messages of which
    the last one is the response, and Alpaca's `instruction`, `input` and `output` with `system` and `history`.

    Raises:
        ValueError: messages do not end with a response.

    >>> with_responses({"instruction": "Add.", "input": "1, 2", "output": "3"})
    {'prompt': 'Add.\n1, 2', 'responses': ['3']}
    """
    if "responses" in content:
        return content
    kept = {key: content[key] for key in _KEPT if key in content}
    if "prompt" in content:
        name = next((name for name in ("response", "completion") if name in content), None)
        return content if name is None else kept | {"prompt": content["prompt"], "responses": [content[name]]}
    if {"instruction", "output"} <= {*content}:
        return kept | {"prompt": _alpaca(content), "responses": [content["output"]]}
    column = next((name for name in _TURNS if name in content), None)
    if column is None:
        return content
    turns = content[column]
    if not isinstance(turns, list):
        raise ValueError(f"`{column}` must be a list of messages, got {describe(turns)}")
    if len(turns) < 2 or message_of(turns[-1], f"{column}[{len(turns) - 1}]").role != "assistant":
        raise ValueError(f"`{column}` must end with a response of the assistant to the messages before it")
    beside = {name: content[name] for name in _BESIDE if name in content}
    return kept | {"prompt": {"messages": _system(content) + turns[:-1], **beside}, "responses": [turns[-1:]]}


def _alpaca(content: JsonObject) -> Any:
    prompt, below, before = content["instruction"], content.get("input"), content.get("history")
    if isinstance(prompt, str) and isinstance(below, str) and below:
        prompt = f"{prompt}\n{below}" if prompt else below
    if not before and not _system(content):
        return prompt
    return _system(content) + behind_turns(before or [], prompt, ("history", "instruction"))


def _system(content: JsonObject) -> list[Mapping[str, Any]]:
    said = content.get("system")
    return [{"role": "system", "content": said}] if said else []
