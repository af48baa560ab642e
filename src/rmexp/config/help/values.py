"""The values of a key, as help and completion write them."""

import re
from typing import Any


def choices_in(words: str) -> list[str]:
    """The values that are named one by one in what `in_words` gave, or in a remark such as `both | chosen`.

    >>> choices_in("of the weights: float32 | bfloat16"), choices_in("best where there is one | last")
    (['float32', 'bfloat16'], [])
    """
    parts = words.partition(";")[0].rpartition(": ")[2].split(" | ")
    if len(parts) < 2 or any(re.fullmatch(r"[\w.-]+", part) is None for part in parts):
        return []
    return [part for part in parts if part not in ("int", "float", "text", "path", "list")]


def shown(value: Any) -> str:
    """A value as it is written on the command line.

    >>> shown(None), shown(True), shown(["a", 1])
    ('null', 'true', '[a,1]')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{','.join(map(shown, value))}]"
    return str(value)
