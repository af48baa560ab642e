"""Files that a run, a sweep or a model left, read back: what a parser says of a damaged one is told with its name."""

import csv
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rmexp.jsonl import describe, parse_row
from rmexp.lines import read_lines

_REMEDY = "(restore it, or delete its folder and make it again)"
_RAISED = (ValueError, TypeError, LookupError, AttributeError, RecursionError, csv.Error)  # by what is read


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Tell whatever is raised over the content of a file as a sentence with its name.

    Raises:
        ValueError: the block raised what damaged content leads to.
    """
    try:
        yield
    except _RAISED as error:
        raise ValueError(f"{path} is damaged: {_reason(error)} {_REMEDY}") from error


def read_text(path: Path) -> str:
    """A text in UTF-8.

    Raises:
        ValueError: it is none.
    """
    with damage_told(path):
        return path.read_text(encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """The one object of a JSON file.

    Raises:
        ValueError: there is something else in it.
    """
    text = read_text(path)
    with damage_told(path):
        return _an_object(json.loads(text))


def read_objects(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines; none when there is no such file.

    A last line without its end is left out: it was being written when its process died, or still is.

    Raises:
        BadRow: a line is something else.
    """
    lines = read_lines(path) if path.is_file() else ()
    return [dict(parse_row(path, number, line)) for number, line in lines if line.endswith(b"\n")]


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping of a YAML file.

    Raises:
        ValueError: there is something else in it.
    """
    import yaml

    text = read_text(path)  # OmegaConf's own reader takes ten times as long, which many runs would feel
    with damage_told(path):
        try:
            content = yaml.load(text, Loader=yaml.CSafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f" in line {mark.line + 1}" if mark is not None else ""
            problem = getattr(error, "problem", None) or "a character that is no text"
            raise ValueError(f"not YAML{where}: {problem}") from error
        return _an_object(content)


def read_table(path: Path, *columns: str) -> list[dict[str, str]]:
    """The rows of a CSV file; none when there is no such file.

    A last line without its end is left out: it was being written when its process died.

    Args:
        path: of the file.
        columns: that it must have.

    Raises:
        ValueError: it is no such table.
    """
    if not path.is_file():
        return []
    lines = [line for line in read_text(path).splitlines(keepends=True) if line.endswith("\n")]
    with damage_told(path):
        reader = csv.DictReader(lines, strict=True)
        if missing := [name for name in columns if name not in (reader.fieldnames or ())]:
            raise ValueError(f"its first line has no column `{missing[0]}`")
        rows = list(reader)
        for number, row in enumerate(rows, 2):
            if None in row or None in row.values():
                raise ValueError(f"row {number} has other columns than the first line")
    return rows


def _an_object(content: Any) -> dict[str, Any]:
    if not isinstance(content, Mapping):
        raise ValueError(f"expected keys with values, got {describe(content)}")
    return dict(content)


def _reason(error: Exception) -> str:
    match error:
        case UnicodeDecodeError():
            return f"not UTF-8 at byte {error.start + 1}"
        case json.JSONDecodeError():
            return f"not JSON: {error.msg.removesuffix(' at')} in line {error.lineno}, column {error.colno}"
        case LookupError():
            return f"expected {error}, which is not in it"
        case TypeError() | AttributeError():
            return "a value is of another kind than expected"
    return " ".join(str(error).split())
