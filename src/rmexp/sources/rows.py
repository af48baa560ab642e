"""Rows as a source reads them, and what a format makes of each: pairs, pairs left out on request, or errors."""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol, Self

from rmexp.called import called
from rmexp.jsonl import JsonObject, describe, names_in
from rmexp.records import Candidates, Preference, Record


class Row(NamedTuple):
    """One row of a file or data set.

    Attributes:
        path: file or data set it stands in.
        number: its line or row there, from 1.
        content: its fields.
        unit: `line` of a text file, or `row` where there are no lines.
        error: why it cannot be read; the content is empty then.
        text: its start where it cannot be read.
    """

    path: str
    number: int
    content: JsonObject
    unit: str = "line"
    error: ValueError | None = None
    text: str = ""

    @property
    def place(self) -> str:
        """File and line as messages name them."""
        return f"{self.path}:{self.number}" if self.unit == "line" else f"{self.path}: row {self.number}"


class LeftOut(NamedTuple):
    """A pair that the options of a format leave out; counted, no error.

    Attributes:
        reason: such as `ties (data.format.pairing.ties=drop)`, the same for all pairs that it holds for.
    """

    reason: str


Outcome = Record | LeftOut | ValueError
_OUTCOMES = (Preference, Candidates, LeftOut, ValueError)


class Format(Protocol):
    """What rows mean: each gives any number of pairs or lists, and rows may have to be looked at together.

    One that makes the same of a row whatever stands beside it says so by a class variable `by_row`, which is true.
    """

    def __call__(self, rows: Iterable[Row]) -> Iterator[tuple[Row, Outcome]]:
        """Each record, and each error, with the row that it comes from; nothing is raised for a bad row."""
        ...


def row_by_row(
    rows: Iterable[Row], convert: Callable[[JsonObject], Iterable[Outcome]]
) -> Iterator[tuple[Row, Outcome]]:
    """Apply `convert` to each row by itself; a ValueError that it raises is an outcome like the others.

    Raises:
        RuntimeError: it raises anything else, which is told with the row.
    """
    for row in rows:
        try:
            for outcome in convert(row.content):
                yield row, outcome
        except ValueError as error:
            yield row, error
        except Exception as error:
            raise RuntimeError(f"{row.place}: {called(convert)}: {type(error).__name__}: {error}") from error


def outcomes(form: Format, rows: Iterable[Row]) -> Iterator[tuple[Row, Outcome]]:
    """What a format makes of rows.

    Raises:
        ValueError: it gives anything else.
    """
    made: Any = form(rows)
    if not isinstance(made, Iterable):
        raise ValueError(_unlike(form, type(made).__name__))
    for given in made:
        row, outcome = given if isinstance(given, tuple) and len(given) == 2 else (None, given)
        if not isinstance(row, Row) or not isinstance(outcome, _OUTCOMES):
            raise ValueError(_unlike(form, type(given if row is None else outcome).__name__))
        yield row, outcome


def _unlike(form: Format, came: str) -> str:
    return f"{called(form)} must give pairs of a row and its record one by one, got {came} (set data/format)"


class MissingColumn(ValueError):
    """A row has no such column; like any error it is made of a message alone, so that several may become one."""

    @classmethod
    def of(cls, path: str, content: JsonObject) -> Self:
        """The error of one column, as the configuration names it."""
        return cls(f"`{path}` is missing; the row has {names_in(content)}")

    @property
    def paths(self) -> list[str]:
        """The columns that are missing."""
        return re.findall("`([^`]+)` is missing", str(self))


def field(content: JsonObject, path: str) -> Any:
    """The value of a column, or of what is inside it by a dotted path such as `meta.topic` or `summaries.0.text`.

    Raises:
        MissingColumn: it is not there.

    >>> field({"meta": {"topic": "maps"}, "a.b": 1}, "meta.topic")
    'maps'
    >>> field({"meta": {"topic": "maps"}, "a.b": 1}, "a.b")
    1
    >>> field({"summaries": [{"text": "a"}, {"text": "b"}]}, "summaries.1.text")
    'b'
    """
    found = _found(content, path)
    if found is _MISSING:
        raise MissingColumn.of(path, content)
    return found


_MISSING = object()


def _found(content: JsonObject, path: str) -> Any:
    """What `field` gives, or `_MISSING`: no error is made of what may well be missing."""
    if path in content:
        return content[path]
    if "." not in path:
        return _MISSING
    value: Any = content
    for part in path.split("."):
        inside = dict(enumerate(value)) if isinstance(value, list | tuple) else value
        key = int(part) if inside is not value and part.isdecimal() else part
        if not isinstance(inside, Mapping) or key not in inside:
            return _MISSING
        value = inside[key]
    return value


def has_field(content: JsonObject, path: str | None) -> bool:
    """Whether `field` finds something; not where there is no path."""
    return path is not None and _found(content, path) is not _MISSING


def optional_field(content: JsonObject, path: str | None) -> Any:
    """What `field` gives, or None where there is no such column, or no path."""
    found = _MISSING if path is None else _found(content, path)
    return None if found is _MISSING else found


def number(content: JsonObject, path: str) -> float:
    """A column that holds a finite number, or a text that is one.

    Raises:
        ValueError: it is not there, or is no number.
    """
    value = field(content, path)
    parsed = as_number(value)
    if isinstance(parsed, bool) or not isinstance(parsed, int | float) or not math.isfinite(parsed):
        raise ValueError(f"`{path}` must be a finite number, got {describe(value)}")
    return parsed


def number_or_flag(content: JsonObject, path: str) -> float:
    """The same where true and false, also as texts, stand for 1 and 0."""
    value = as_flag(field(content, path))
    return float(value) if isinstance(value, bool) else number(content, path)


def as_flag(value: Any) -> Any:
    """True or false where a text says one; a number other than 0 and 1, and any other text, as it is.

    >>> as_flag("True"), as_flag("0"), as_flag(1), as_flag("2")
    (True, False, True, '2')
    """
    word = value.strip().casefold() if isinstance(value, str) else value
    known = {"true": True, "1": True, "false": False, "0": False, 1: True, 0: False}
    return known.get(word, value) if isinstance(word, str | int | float) else value


def as_number(value: Any) -> Any:
    """The number that a text says, as in CSV files; anything else as it is."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def plain(value: Any) -> Any:
    """A value as JSON can hold it: dates and the like as text, NaN and infinities as null."""
    if type(value) is str:
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def extras(content: JsonObject, paths: Iterable[str]) -> dict[str, Any]:
    """Columns to keep as meta fields, each under the last part of its path.

    Raises:
        ValueError: one is not there, or two have the same last part.
    """
    found: dict[str, str] = {}
    for path in paths:
        if (other := found.setdefault(path.rpartition(".")[2], path)) != path:
            raise ValueError(f"`{other}` and `{path}` would be one meta field (leave out one)")
    return {name: plain(field(content, path)) for name, path in found.items()}
