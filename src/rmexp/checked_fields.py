"""What the fields of a record must hold: each error names the field, what was expected and what came."""

import sys
from collections.abc import Callable
from typing import Any

from rmexp.jsonl import JsonObject, describe, names_in


class EmptyText(ValueError):
    """A response holds nothing but white space."""


def all_of(*parts: Callable[[], Any]) -> list[Any]:
    """What each part gives; where several fail, one error that tells them all.

    Raises:
        ValueError: a part failed; of the kind that all failures are.
    """
    found, errors = [], []
    for part in parts:
        try:
            found.append(part())
        except ValueError as error:
            errors.append(error)
    if errors:
        kinds = {type(error) for error in errors}
        raise (
            errors[0]
            if len(errors) == 1
            else (kinds.pop() if len(kinds) == 1 else ValueError)("; ".join(map(str, errors)))
        )
    return found


def check_text(name: str, value: Any) -> None:
    """Refuse what is no text, or holds nothing but white space.

    Raises:
        EmptyText: it holds nothing but white space.
        ValueError: it is no text.
    """
    if not isinstance(value, str) or not value.strip():
        error = EmptyText if isinstance(value, str) else ValueError
        raise error(f"`{name}` must be a non-empty string, got {describe(value)}")


def check_number(name: str, value: Any) -> None:
    """Refuse what is no finite number; a boolean is none.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        raise ValueError(f"`{name}` must be a finite number, got {describe(value)}")


def required(row: JsonObject, name: str) -> Any:
    """The value of a field that must be there.

    Raises:
        ValueError: it is not; the message names those that are.
    """
    if name not in row:
        raise ValueError(f"`{name}` is missing; the row has {names_in(row)}")
    return row[name]


def optional_id(row: JsonObject) -> str:
    """The field `id`, a whole number as text; empty where there is none.

    Raises:
        ValueError: it is neither a text nor a whole number.
    """
    value = row.get("id", "")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"`id` must be a string, got {describe(value)}")
    return str(value)


def optional_meta(row: JsonObject) -> JsonObject:
    """The field `meta`; empty where there is none.

    Raises:
        ValueError: it is no object.
    """
    meta = row.get("meta", {})
    if not isinstance(meta, dict):
        raise ValueError(f"`meta` must be an object, got {describe(meta)}")
    return meta
