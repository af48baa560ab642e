"""JSON-lines files, plain or compressed: rows with their line numbers in, whole files out."""

import codecs
import gzip
import json
import lzma
import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast

from rmexp.bounded_files import BLANK, UNBOUNDED, Bounds, TooLong, open_bounded
from rmexp.durable import whole_file, write_text

JsonObject = Mapping[str, Any]  # as it was read: nothing of it is checked yet


class BadRow(ValueError):
    """One line of a file is not what it should be; the message starts with file and line.

    Attributes:
        line: its number, from 1.
        problem: the message without file and line.
    """

    def __init__(self, path: Path | str, line: int, problem: str) -> None:
        super().__init__(f"{path}:{line}: {problem}")
        self.line = line
        self.problem = problem


def read_lines(
    path: Path, *, key: str = "data.path", encoding: str | None = None, bounds: Bounds = UNBOUNDED
) -> Iterator[tuple[int, bytes]]:
    """Lines of a plain, `.gz` or `.xz` file that are not blank, each with its number from 1; see `all_lines`."""
    lines = all_lines(path, key=key, encoding=encoding, bounds=bounds)
    return ((number, line) for number, line in lines if line.strip())


def all_lines(
    path: Path, *, key: str = "data.path", encoding: str | None = None, bounds: Bounds = UNBOUNDED
) -> Iterator[tuple[int, bytes]]:
    """Lines of a plain, `.gz` or `.xz` file in UTF-8, each with its number from 1.

    Args:
        path: of the file.
        key: of the configuration that names it, for messages.
        encoding: of the file, as `data.encoding` has it; None where no key says it and the file must be UTF-8.
        bounds: beyond which it is not read.

    Raises:
        ValueError: the path is no file, its compression ends early or is damaged, it is in another encoding, or it
            holds more than the bounds.
    """
    check_file(path, key)
    number = 0
    try:
        with open_bounded(path, bounds) as file:
            for number, line in bounded(path, _in_utf8(path, file, encoding, bounds.row_bytes), bounds):
                yield number, line
    except UnicodeError as error:
        raise ValueError(f"{path}: not {encoding} after line {number} (set data.encoding)") from error
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        where = f"after line {number}" if number else "in its first line"
        raise ValueError(f"{path}: compressed data is damaged or cut off {where} ({error})") from error


def bounded(
    path: Path, lines: Iterable[bytes], bounds: Bounds, first: int = 1, blank: int = 0
) -> Generator[tuple[int, bytes], None, int]:
    """Neighbouring lines of a file with their numbers, as long as each is within the bounds.

    Args:
        path: of the file.
        lines: of it.
        bounds: beyond which it is not read.
        first: number of the first line.
        blank: what blank lines just before the first count.

    Returns:
        What blank lines at the end count.

    Raises:
        TooLong: a line, or blank lines one after the other, are more than the bounds.
    """
    longest = bounds.row_bytes
    for number, line in enumerate(lines, start=first):
        blank = blank + BLANK + len(line) if line.isspace() else 0
        if longest is not None and max(len(line), blank) > longest:
            raise TooLong(path, number, bounds, "blank lines up to here" if blank else "a row")
        yield number, line
    return blank


def check_file(path: Path, key: str) -> None:
    """Raise a ValueError that names the key of the configuration where a path is no file."""
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise ValueError(f"{path}: expected a file, but this path {what} (set {key})")


def parse_row(path: Path | str, number: int, line: bytes) -> JsonObject:
    """The JSON object on one line.

    Raises:
        BadRow: the line is not UTF-8, not JSON, or not an object, or holds what is no text.
    """
    try:
        row = decoded(line.decode("utf-8-sig").rstrip("\r\n"))  # a column beyond a line break is on no line
        if b"\\u" in line:
            json.dumps(row, ensure_ascii=False).encode()  # half a surrogate pair would fail much later
    except UnicodeDecodeError as error:
        raise BadRow(path, number, f"not UTF-8 at byte {error.start + 1}") from error
    except UnicodeEncodeError as error:
        raise BadRow(
            path, number, f"expected text, got half a surrogate pair, {error.object[error.start]!a}"
        ) from error
    except json.JSONDecodeError as error:
        raise BadRow(path, number, f"not JSON: {error.msg.removesuffix(' at')} at column {error.colno}") from error
    except (ValueError, RecursionError) as error:  # a key twice, thousands of digits or of brackets
        raise BadRow(path, number, f"not JSON: {error}") from error
    if not isinstance(row, dict):
        raise BadRow(path, number, f"expected a JSON object, got {describe(row)}")
    return row


def decoded(text: str) -> Any:
    """What a JSON text says, where no object may have a key twice, of which all but the last would be lost.

    Raises:
        ValueError: it is not JSON, or has such an object.

    >>> decoded('{"chosen": "a", "chosen": "b"}')
    Traceback (most recent call last):
    ValueError: the key "chosen" stands twice in one object
    """
    return _DECODER.decode(text)


def write_rows(path: Path, rows: Iterable[JsonObject]) -> None:
    """Write one JSON object a line, compressed when the name ends in `.gz` or `.xz`; whole or not at all.

    Raises:
        ValueError: a row holds a number that is not finite.
    """
    with whole_file(path) as raw, _compressing(raw, path.suffix) as file:
        for number, row in enumerate(rows, 1):
            try:
                text = json.dumps(row, ensure_ascii=False, allow_nan=False)
            except ValueError as error:
                named = f" ({row['id']})" if "id" in row else ""
                raise ValueError(f"{path}: expected finite numbers, but row {number}{named} holds others") from error
            file.write((text + "\n").encode())


def keep_rows(path: Path, key: str, most: float) -> None:
    """Of a file that a process appended to until it died, keep the whole rows whose number `key` is at most `most`."""
    if not path.exists():
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    # a line without its end was being written when the process died
    whole = {number: line for number, line in enumerate(lines, 1) if line.endswith("\n")}
    kept = [line for number, line in whole.items() if _number(path, number, line, key) <= most]
    write_text(path, "".join(kept))


def _number(path: Path, number: int, line: str, key: str) -> float:
    value = parse_row(path, number, line.encode()).get(key)
    if not isinstance(value, int | float):
        raise BadRow(path, number, f"expected a number below `{key}`, got {describe(value)}")
    return value


def describe(value: Any) -> str:
    """A short name of a JSON value for messages: `true`, `12`, `""`, `a list`, `an empty list`, `an object`."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    text = json.dumps(value, ensure_ascii=False, default=str)  # a table holds dates and bytes too
    return text if len(text) <= 40 else f"{text[:37]}..."


def _distinct(fields: list[tuple[str, Any]]) -> JsonObject:
    found = dict(fields)
    if len(found) < len(fields):
        names = [name for name, _ in fields]
        twice = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"the key {describe(twice)} stands twice in one object")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_distinct)


def _compressing(raw: IO[bytes], suffix: str) -> AbstractContextManager[IO[bytes]]:
    if suffix == ".gz":
        return cast(IO[bytes], gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename=""))
    return cast(IO[bytes], lzma.LZMAFile(raw, "wb")) if suffix == ".xz" else nullcontext(raw)


def _in_utf8(path: Path, file: IO[bytes], encoding: str | None, longest: int | None) -> Iterator[bytes]:
    """Lines; of one that is longer than `longest` bytes, or characters of another encoding, no more than one above."""
    limit = -1 if longest is None else longest + 1
    if encoding in (None, "utf-8"):
        first = file.readline(limit)
        if (found := _other_encoding(first)) is not None:
            remedy = "save it as UTF-8" if encoding is None else f"set data.encoding={found}"
            raise ValueError(f"{path}: expected UTF-8, but this is {found.upper()} ({remedy})")
        yield from chain(
            [first] if first else [], file if longest is None else iter(partial(file.readline, limit), b"")
        )
        return
    try:
        codecs.lookup(str(encoding))
    except LookupError as error:
        raise ValueError(
            f"data.encoding must name an encoding such as utf-8, utf-16 or latin-1, got {encoding}"
        ) from error
    text = TextIOWrapper(cast(Any, file), encoding=encoding, newline="\n")
    yield from (line.encode() for line in iter(partial(text.readline, limit), ""))


def _other_encoding(line: bytes) -> str | None:
    """UTF-16 where a file begins as such: with its mark, or with a zero byte beside each letter."""
    if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if line[1:2] == b"\0" or line[:1] == b"\0":
        return "utf-16-le" if line[1:2] == b"\0" else "utf-16-be"
    return None
