"""Rows of JSON lines, and what to do about bytes that are not UTF-8."""

from pathlib import Path

from rmexp.jsonl import BadRow, parse_row
from rmexp.sources.rows import Row

_LISTED = "expected a JSON object, got the start of a JSON list, which data=json reads from a file that ends in .json"


def line_row(path: Path, number: int, line: bytes) -> Row:
    """The row on a line, with its error where it is none."""
    try:
        return Row(str(path), number, parse_row(path, number, line))
    except BadRow as error:
        listed = BadRow(path, number, _LISTED) if number == 1 and line.lstrip().startswith(b"[") else error
        return Row(str(path), number, {}, error=listed, text=repr(line[:200]))


def with_remedy(row: Row, encoding: str | None) -> Row:
    """A row whose error, where it is about bytes that are not UTF-8, says what to do about it."""
    if row.error is None or encoding != "utf-8":
        return row
    return row._replace(error=remedied(row.error))


def remedied(error: ValueError) -> ValueError:
    """The error likewise."""
    problem = error.problem if isinstance(error, BadRow) else str(error)
    hint = "is the file in Latin-1 or Windows-1252? data.encoding=latin-1 or cp1252 reads it"
    return ValueError(f"{problem}; {hint}") if problem.startswith("not UTF-8") else error
