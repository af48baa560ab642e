"""Lists that a table can only hold as texts."""

import ast
import json
import re
from typing import Any


def as_list(value: Any) -> Any:
    """The list that a text says, as JSON or as Python prints it, as in CSV files; anything else as it is.

    >>> as_list('["a", "b"]'), as_list("['a', None]"), as_list("[a]"), as_list("a")
    (['a', 'b'], ['a', None], '[a]', 'a')
    """
    text = value.strip() if isinstance(value, str) else ""
    if not (text.startswith("[") and text.endswith("]")):
        return value
    for parse in (json.loads, ast.literal_eval):
        try:
            found = parse(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        return found if isinstance(found, list) else value
    return value


def as_messages(text: str, path: str) -> Any:
    """The list of messages that a text says, in the same way; any other text as it is.

    Raises:
        ValueError: it says one in another way; the message names the column.

    >>> as_messages('[{"role": "user", "content": "Hi"}]', "chosen"), as_messages('[{"a": 1}]', "chosen")
    ([{'role': 'user', 'content': 'Hi'}], '[{"a": 1}]')
    """
    if not text.startswith("[{") or not re.search(r"""['"](?:role|from)['"]:""", text):
        return text
    found = as_list(text)
    if found is text and text.startswith("[{'"):
        raise ValueError(
            f"`{path}` holds messages neither as JSON nor as Python prints a list, maybe as numpy prints an array; "
            "write them as JSON"
        )
    messages = isinstance(found, list) and all(isinstance(item, dict) and {"role", "from"} & {*item} for item in found)
    return found if messages else text
