"""Records as the rows of JSON files, and back: dataclasses, named tuples, and sequences and mappings of such.

A field is a key of the same name. A class that has both `to_row` and `from_row` of its own is asked instead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from rmexp.left_files import damage_told, read_json

Row = dict[str, object]
T = TypeVar("T")

# Metadata of fields.
FLAT: Mapping[str, bool] = {"flat": True}  # a record whose keys lie among those of its owner
IF_KNOWN: Mapping[str, bool] = {"if known": True}  # the key is left out while the value is None


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    kind: Any
    default: object  # MISSING where there is none
    flat: bool
    if_known: bool


def _fields(kind: Any) -> tuple[_Field, ...]:
    return _fields_of(kind)


@cache
def _fields_of(kind: Any) -> tuple[_Field, ...]:
    hints = get_type_hints(kind)
    if not is_dataclass(kind):
        defaults: dict[str, object] = getattr(kind, "_field_defaults")  # noqa: B009
        names: tuple[str, ...] = getattr(kind, "_fields")  # noqa: B009
        return tuple(_Field(name, hints[name], defaults.get(name, MISSING), False, False) for name in names)
    found = []
    for one in fields(kind):
        default = one.default if one.default_factory is MISSING else one.default_factory()
        found.append(_Field(one.name, hints[one.name], default, "flat" in one.metadata, "if known" in one.metadata))
    return tuple(found)


def to_row(record: object) -> Row:
    """A record as plain data."""
    if _has_own(type(record)):
        return dict(record.to_row())  # type: ignore[attr-defined]
    row: Row = {}
    for one in _fields(type(record)):
        value = getattr(record, one.name)
        if one.flat:
            row |= {} if value is None else to_row(value)
        elif not (one.if_known and value is None):
            row[one.name] = _plain(value)
    return row


def from_row(kind: type[T], row: Mapping[str, object]) -> T:
    """A record from plain data; keys that it does not know are passed over.

    Raises:
        ValueError: a key is missing that has no default.
    """
    if _has_own(kind):
        found: T = kind.from_row(row)  # type: ignore[attr-defined]
        return found
    values: Row = {}
    for one in _fields(kind):
        if one.flat:
            part = next((other for other in get_args(one.kind) if other is not NoneType), one.kind)
            values[one.name] = from_row(part, row) if part is one.kind or _holds(part, row) else None
        elif one.name in row:
            values[one.name] = _read(one.kind, row[one.name])
        elif one.default is MISSING:
            raise ValueError(f"expected the key `{one.name}` of {kind.__name__}, got {', '.join(row) or 'none'}")
        else:
            values[one.name] = one.default
    return kind(**values)


def record_of(kind: type[T], row: Mapping[str, object], path: Path) -> T:
    """A record of what a file says; see `from_row`.

    Raises:
        ValueError: the file, which it names, is damaged.
    """
    with damage_told(path):
        return from_row(kind, row)


def read_record(kind: type[T], path: Path) -> T:
    """The record of a JSON file; see `record_of`."""
    return record_of(kind, read_json(path), path)


def _has_own(kind: type) -> bool:
    return hasattr(kind, "to_row") and hasattr(kind, "from_row")


def _is_record(kind: Any) -> bool:
    return isinstance(kind, type) and (is_dataclass(kind) or hasattr(kind, "_fields") or _has_own(kind))


def _holds(kind: type, row: Mapping[str, object]) -> bool:
    """Whether a row has every key that a record cannot do without."""
    return _has_own(kind) or all(one.name in row for one in _fields(kind) if one.default is MISSING and not one.flat)


def _plain(value: object) -> object:
    if _is_record(type(value)):
        return to_row(value)
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _read(kind: Any, value: Any) -> object:
    """A value of a declared type; numbers, texts and what is declared as `object` stay as they are."""
    origin, inside = get_origin(kind), get_args(kind)
    if value is None:
        return None
    if origin in (Union, UnionType):
        known = [other for other in inside if other is not NoneType]
        return _read(known[0], value) if len(known) == 1 else value
    if _is_record(kind):
        return from_row(kind, value)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _read(inside[1], one) for key, one in value.items()}
    if isinstance(origin, type) and issubclass(origin, Sequence):
        kinds = inside if origin is tuple and inside[-1] is not Ellipsis else [inside[0]] * len(value)
        return tuple(_read(one, part) for one, part in zip(kinds, value, strict=True))
    return value
