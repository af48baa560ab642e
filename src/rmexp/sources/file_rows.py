"""Rows of JSON lines, JSON, CSV and Parquet files, told apart by their suffix; the text ones plain, .gz or .xz."""

import csv
import json
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from rmexp.jsonl import decoded, describe
from rmexp.lines import Bounds, all_lines, check_file, read_lines
from rmexp.sources.delimiters import delimiter_of, named_delimiter
from rmexp.sources.formats.written_lists import as_messages
from rmexp.sources.line_rows import line_row, remedied, with_remedy
from rmexp.sources.rows import Row

BOUNDS = Bounds(row_mb=8, unpacking=200)  # of files of data
_LONGEST_FIELD = 1 << 30  # characters of a CSV field; the module's own limit is 131072


class Written(NamedTuple):
    """What a reader is told of a file.

    Attributes:
        key: of the configuration that names it, for messages.
        encoding: as for `all_lines`.
        delimiter: between the fields of a table; None finds out.
        bounds: beyond which it is not read.
    """

    key: str
    encoding: str | None
    delimiter: str | None
    bounds: Bounds


def file_rows(
    path: Path, *, key: str, encoding: str | None = None, delimiter: str | None = None, bounds: Bounds = BOUNDS
) -> Iterator[Row]:
    """The rows of a file, those that cannot be read among them with their error.

    Args:
        path: `.jsonl`, `.json`, `.csv`, `.tsv`, each also with `.gz` or `.xz`, or `.parquet`.
        key: of the configuration that names it, for messages.
        encoding: as for `all_lines`.
        delimiter: between the fields of a `.csv` or `.tsv` file; None takes the one that parts the header.
        bounds: of text files, beyond which they are not read; the row of a JSON list has none.

    Raises:
        ValueError: there is no such file, its suffix is none of these, or it is damaged as a whole.
    """
    check_file(path, key)
    suffix = (Path(path.stem) if path.suffix in (".gz", ".xz") else path).suffix
    if suffix not in _READERS or (suffix == ".parquet" and path.suffix != ".parquet"):
        known = ", ".join(_READERS)
        raise ValueError(f"{path}: expected a file that ends in {known} (also .gz or .xz but for Parquet; set {key})")
    for row in _READERS[suffix](path, Written(key, encoding, delimiter, bounds)):
        yield with_remedy(row, encoding)


def _jsonl(path: Path, written: Written) -> Iterator[Row]:
    lines = read_lines(path, key=written.key, encoding=written.encoding, bounds=written.bounds)
    return (line_row(path, number, line) for number, line in lines)


def _json(path: Path, written: Written) -> Iterator[Row]:
    bounds = written.bounds._replace(row_mb=None)  # all of a list may stand on one line
    lines = read_lines(path, key=written.key, encoding=written.encoding, bounds=bounds)
    _, first = next(lines, (0, b""))
    if not first:
        return
    one = _object(first)
    if one is not None and (next(lines, None) is not None or not any(isinstance(part, list) for part in one.values())):
        yield from _jsonl(path, written)  # JSON lines under another name
        return
    whole = b"".join(line for _, line in all_lines(path, key=written.key, encoding=written.encoding, bounds=bounds))
    for index, item in enumerate(_list_of(path, whole), start=1):
        problem = None if isinstance(item, dict) else f"expected a JSON object, got {describe(item)}"
        problem = problem or _half_a_pair(item)
        error = ValueError(problem) if problem else None
        yield Row(str(path), index, {} if error else item, "row", error, str(item)[:200] if error else "")


def _object(line: bytes) -> dict[str, Any] | None:
    """The object that one line holds, None when it holds anything else."""
    try:
        value = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _list_of(path: Path, content: bytes) -> list[Any]:
    try:
        whole = decoded(content.decode("utf-8-sig").rstrip())
    except UnicodeDecodeError as error:
        problem = remedied(ValueError(f"not UTF-8 at byte {error.start + 1}"))
        raise ValueError(f"{path}: {problem}") from error
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{path}:{error.lineno}: not JSON: {error.msg.removesuffix(' at')} at column {error.colno}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not JSON: {error}") from error
    lists = [value for value in (whole.values() if isinstance(whole, dict) else [whole]) if isinstance(value, list)]
    if len(lists) != 1:
        got = f"an object with {len(lists)}" if isinstance(whole, dict) else describe(whole)
        raise ValueError(f"{path}: expected a JSON list of objects, or an object with one list, got {got}")
    return lists[0]


def _half_a_pair(item: Any) -> str | None:
    try:
        json.dumps(item, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        return f"expected text, got half a surrogate pair, {error.object[error.start]!a}"
    return None


def _csv(path: Path, written: Written) -> Iterator[Row]:
    csv.field_size_limit(_LONGEST_FIELD)
    lines = (
        line.decode("utf-8-sig" if number == 1 else "utf-8", "surrogateescape")
        for number, line in all_lines(path, key=written.key, encoding=written.encoding, bounds=written.bounds)
    )
    header = next(lines, "")
    delimiter = delimiter_of(path, header) if written.delimiter is None else named_delimiter(written.delimiter)
    records = _csv_records(chain([header], lines), delimiter)
    place, names, _ = next(records, (1, [], ""))
    if isinstance(names, ValueError):
        raise ValueError(f"{path}:{place}: {names}")
    named = [name for name in names if name]  # a table with an index has no name for its column
    if len(set(named)) < len(named) or (names and not named):
        raise ValueError(
            f"{path}:{place}: expected a header with a different name for each column, got {', '.join(names)}"
        )
    for number, cells, start in records:
        if isinstance(cells, ValueError):
            yield Row(str(path), number, {}, error=cells, text=repr(start[:200]))
        else:
            yield _csv_row(path, number, names, cells)


def _csv_records(source: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str] | ValueError, str]]:
    """Line, cells and first line of each record; after one that is wrong it goes on with the next line.

    Else a quote that is not closed would take all rows up to the next one with it.
    """
    again, taken = deque[str](), list[str]()  # lines to be read once more, lines of the record that is being read

    def lines() -> Iterator[str]:
        while (line := again.popleft() if again else next(source, None)) is not None:
            taken.append(line)
            yield line

    number, reader = 1, csv.reader(lines(), delimiter=delimiter, strict=True)
    while True:
        taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = "a quote is not closed" if "end of data" in str(error) else error
            yield number, ValueError(f"not CSV: {problem}"), taken[0]
            again.extendleft(reversed(taken[1:]))
            number, reader = number + 1, csv.reader(lines(), delimiter=delimiter, strict=True)
            continue
        if cells:
            yield number, cells, taken[0]
        number += len(taken)


def _csv_row(path: Path, line: int, names: list[str], cells: list[str]) -> Row:
    problem = None
    if len(cells) != len(names):
        problem = f"expected {len(names)} fields as in the header, got {len(cells)}"
    elif any(not cell.isprintable() and _escaped(cell) for cell in cells):
        problem = (
            f"not UTF-8 in the field `{next(name for name, cell in zip(names, cells, strict=True) if _escaped(cell))}`"
        )
    if problem:
        return Row(str(path), line, {}, error=ValueError(problem), text=repr(cells)[:200])
    try:
        content = {name: as_messages(cell, name) for name, cell in zip(names, cells, strict=True) if name}
    except ValueError as error:
        return Row(str(path), line, {}, error=error, text=repr(cells)[:200])
    return Row(str(path), line, content)


def _escaped(cell: str) -> bool:
    """Whether a byte that is not UTF-8 was kept as half a surrogate pair."""
    try:
        cell.encode()
    except UnicodeEncodeError:
        return True
    return False


def _parquet(path: Path, written: Written) -> Iterator[Row]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise ValueError(f"{path}: reading Parquet needs the extra `data`: pip install 'rmexp[data]'") from error
    number = 0
    try:
        for batch in ParquetFile(path).iter_batches(batch_size=1024):
            for number, content in enumerate(_contents(batch), start=number + 1):  # noqa: B020
                problem = content if isinstance(content, ValueError) else None
                yield Row(str(path), number, {} if problem else content, "row", problem)
    except (ArrowException, OSError) as error:
        raise ValueError(
            f"{path}: expected a whole Parquet file, got another, or a part of one ({str(error).splitlines()[0]})"
        ) from error


def _contents(batch: Any) -> Iterator[Any]:
    """The rows of a batch of a table, an error in the place of each that is not UTF-8."""
    try:
        yield from batch.to_pylist()
    except UnicodeDecodeError as error:
        if batch.num_rows == 1:
            yield ValueError(f"not UTF-8 ({error.reason})")
        else:
            for index in range(batch.num_rows):
                yield from _contents(batch.slice(index, 1))


_READERS: dict[str, Callable[[Path, Written], Iterator[Row]]] = {
    ".jsonl": _jsonl,
    ".json": _json,
    ".csv": _csv,
    ".tsv": _csv,
    ".parquet": _parquet,
}
