"""What the names and values of columns may be, and the overrides that name them."""

import re
from collections.abc import Mapping
from typing import Any

from rmexp.jsonl import JsonObject
from rmexp.sources.rows import as_number

_PROMPTS = ("prompt", "question", "instruction", "query", "context", "input", "post", "messages", "conversation")


def prompt_name(content: JsonObject) -> str:
    """The column that is called as prompts are, in any case; `prompt` where there is none."""
    folded = {str(name).casefold(): name for name in content}
    return next((folded[name] for name in _PROMPTS if name in folded), "prompt")


def prompt_override(content: JsonObject) -> list[str]:
    """The override that names the prompt, where it is not called so; none where it is, or where none has its name."""
    found = prompt_name(content)
    return [] if found == "prompt" else [override("prompt", found)]


def override(key: str, column: str) -> str:
    """An override that names a column, quoted for the shell where that is needed.

    >>> print(override("first", "answer_a"), override("first", "answer a"))
    data.format.first=answer_a 'data.format.first="answer a"'
    """
    return f"data.format.{key}={column}" if quoted(column) == column else f"'data.format.{key}={quoted(column)}'"


def quoted(text: str) -> str:
    """A text as a value of an override, in quotes where its grammar needs them."""
    return text if re.fullmatch(r"[\w./:+-]+", text) else f'"{text}"'


def words_of(name: str) -> list[str]:
    """The words of a column's name, digits by themselves.

    >>> words_of("response_A"), words_of("output1"), words_of("modelAnswerB")
    (['response', 'a'], ['output', '1'], ['model', 'answer', 'b'])
    """
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)
    return [part.casefold() for part in parts]


def is_side(value: Any) -> bool:
    """Whether a value may be a response: a text that is no number, a message, or a list of these."""
    if isinstance(value, str):
        return isinstance(as_number(value), str)
    return isinstance(value, Mapping | list | tuple)


def is_one(value: Any) -> bool:
    """Whether a value is one response, and no list of several."""
    return not isinstance(value, list | tuple) or any(isinstance(item, Mapping) and "role" in item for item in value)


def is_number(value: Any) -> bool:
    """Whether a value is a number, true or false, or the text of a number."""
    return isinstance(as_number(value), bool | int | float)
