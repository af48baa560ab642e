"""Rows of JSON-lines files: a line in, a whole file, plain or compressed, out. The lines are read by `lines`."""

import gzip
import json
import lzma
from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, Any, cast

from rmexp.durable import whole_file

JsonObject = Mapping[str, Any]  # as it was read: nothing of it is checked yet
MOST_NAMES = 20  # of a row's fields in a message


class BadRow(ValueError):
    """One line of a file is not what it should be; the message starts with file and line.

    Attributes:
        path: of the file.
        line: its number, from 1.
        problem: the message without file and line.
    """

    def __init__(self, path: Path | str, line: int, problem: str) -> None:
        super().__init__(f"{path}:{line}: {problem}")
        self.path, self.line, self.problem = path, line, problem

    def __reduce__(self) -> tuple[Any, ...]:
        """What it is made of, for another process."""
        return BadRow, (self.path, self.line, self.problem)


def parse_row(path: Path | str, number: int, line: bytes) -> JsonObject:
    """The JSON object on one line.

    Raises:
        BadRow: the line is not UTF-8, not JSON, or not an object, or holds what is no text.
    """
    try:
        encoding = "utf-8-sig" if line.startswith(BOM_UTF8) else "utf-8"
        row = decoded(line.decode(encoding).rstrip("\r\n"))  # a column beyond a line break is on no line
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
    if text[:1] == "{":
        found, end = _DECODER.raw_decode(text)  # what `decode` does, without looking for white space
        if end == len(text):
            return found
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
    lines = path.read_bytes().splitlines(keepends=True)  # of text, a line separator in a response would end a line
    # a line without its end was being written when the process died
    whole = {number: line for number, line in enumerate(lines, 1) if line.endswith(b"\n")}
    kept = [line for number, line in whole.items() if _number(path, number, line, key) <= most]
    with whole_file(path) as file:
        file.writelines(kept)


def _number(path: Path, number: int, line: bytes, key: str) -> float:
    value = parse_row(path, number, line).get(key)
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


def names_in(row: JsonObject) -> str:
    """The names of its fields for messages, no more than can be read.

    >>> names_in({"prompt": "p", "chosen": "c"}), names_in(dict.fromkeys(range(1000)))[-15:], names_in({})
    ('prompt, chosen', '19 and 980 more', 'no fields')
    """
    names = [*map(str, row)]
    rest = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return f"{', '.join(names[:MOST_NAMES])}{rest}" or "no fields"


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
