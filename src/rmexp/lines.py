"""Lines of plain and compressed files, which may be a mistake or an attack: endless, or packed beyond reason."""

import codecs
import gzip
import lzma
import re
import zlib
from collections.abc import Generator, Iterable, Iterator
from functools import partial
from io import BufferedReader, RawIOBase, TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

SMALL = 16 << 20  # bytes to which any compressed file may unpack
BLANK = 15  # bytes
_LOOKED_AT = 1024  # bytes at the beginning of a file, which tell whether it is text
_NO_SIGNS = bytes({*range(32), 127} - {*b"\t\n\v\f\r\x1b"})  # bytes that stand for no sign of a text
_FEW = 0.03  # share of them that may have got into a text
_PACKED = {  # by how they begin, which no text in UTF-8 does
    rb"\x1f\x8b": "gzip (name it .gz)",
    rb"\xfd7zXZ\0": "xz (name it .xz)",
    rb"PAR1\x15": "Parquet (name it .parquet)",
    rb"PK\x03\x04": "zip (unpack it)",
    rb"\(\xb5/\xfd": "zstd (unpack it)",
    rb"BZh[1-9](1AY&SY|\x17rE8P\x90)": "bzip2 (unpack it)",
}
_UNPACKED = {".gz": "gzip", ".xz": "xz"}  # suffixes of files that are unpacked
_KINDS = {".jsonl": "JSON lines", ".json": "JSON", ".csv": "a table", ".tsv": "a table"}


class Bounds(NamedTuple):
    """How much a file may hold; None is no bound.

    Attributes:
        row_mb: megabytes of one line, or of blank lines one after the other, each of which counts as `BLANK` more.
        unpacking: how many times its size on disk a compressed file may unpack to.
    """

    row_mb: float | None = None
    unpacking: float | None = None

    @property
    def row_bytes(self) -> int | None:
        """Bytes of one line."""
        return None if self.row_mb is None else int(self.row_mb * 1e6)


UNBOUNDED = Bounds()


class TooLong(ValueError):
    """A line is longer than the bound."""

    def __init__(self, path: Path, line: int, bounds: Bounds, what: str) -> None:
        super().__init__(
            f"{path}:{line}: {what} of more than data.max_row_mb={bounds.row_mb:g} MB "
            "(raise data.max_row_mb, or take it out of the file)"
        )


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
        if not number and not _is_packed(path):
            raise ValueError(f"{path}: expected a file packed by {_UNPACKED[path.suffix]}, got other bytes") from error
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
        what = "is a folder" if path.is_dir() else "is a pipe or a device" if path.exists() else "does not exist"
        raise ValueError(f"{path}: expected a file, but this path {what} (set {key})")


def open_bounded(path: Path, bounds: Bounds) -> IO[bytes]:
    """Open a plain, `.gz` or `.xz` file for reading.

    Args:
        path: of the file.
        bounds: reading a compressed file that unpacks to more is a ValueError that names the file and the key.
    """
    if path.suffix not in _UNPACKED:
        return path.open("rb")
    opened = gzip.open if path.suffix == ".gz" else lzma.open
    unpacked = cast(IO[bytes], opened(path, "rb"))
    if bounds.unpacking is None:
        return unpacked
    return cast(IO[bytes], BufferedReader(_Unpacked(path, unpacked, bounds.unpacking), 1 << 20))


class _Unpacked(RawIOBase):
    """What a compressed file unpacks to, as long as that is not out of all proportion."""

    def __init__(self, path: Path, unpacked: IO[bytes], times: float) -> None:
        self._path, self._unpacked, self._times, self._read = path, unpacked, times, 0
        self._most = max(SMALL, times * path.stat().st_size)

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read more; how many bytes."""
        count: int = cast(Any, self._unpacked).readinto1(buffer)  # what is there, before an error that comes later
        self._read += count
        if self._read > self._most:
            raise ValueError(
                f"{self._path}: unpacks to more than data.max_unpacking={self._times:g} times its size "
                "(raise data.max_unpacking where that is meant)"
            )
        return count

    def close(self) -> None:
        """Close both."""
        self._unpacked.close()
        super().close()


def _in_utf8(path: Path, file: IO[bytes], encoding: str | None, longest: int | None) -> Iterator[bytes]:
    """Lines; of one that is longer than `longest` bytes, or characters of another encoding, no more than one above."""
    limit = -1 if longest is None else longest + 1
    if encoding in (None, "utf-8"):
        start = cast(BufferedReader, file).peek(_LOOKED_AT)[:_LOOKED_AT]
        first = file.readline(limit)
        if (found := _other_encoding(first)) is not None:
            remedy = "save it as UTF-8" if encoding is None else f"set data.encoding={found}"
            raise ValueError(f"{path}: expected UTF-8, but this is {found.upper()} ({remedy})")
        _check_text(path, start)
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


def _is_packed(path: Path) -> bool:
    """Whether a file begins as its compression does."""
    with path.open("rb") as file:
        how = _packed_by(file.read(_LOOKED_AT))
    return how is not None and path.suffix in how


def _packed_by(start: bytes) -> str | None:
    """What a file was packed by, and what to do about it; None where it begins otherwise."""
    return next((how for mark, how in _PACKED.items() if re.match(mark, start)), None)


def _check_text(path: Path, start: bytes) -> None:
    """Raise a ValueError where a file begins with what is no text, whatever its encoding."""
    packed = _packed_by(start)
    if packed is None and len(start) - len(start.translate(None, _NO_SIGNS)) <= max(2, _FEW * len(start)):
        return
    kind = _KINDS.get(path.with_suffix("").suffix if path.suffix in _UNPACKED else path.suffix, "text")
    got = "bytes that are no text" if packed is None else f"a file packed by {packed}"
    raise ValueError(f"{path}: expected {kind} in UTF-8, got {got}")


def _other_encoding(line: bytes) -> str | None:
    """UTF-16 where a file begins as such: with its mark, or with a zero byte beside each of two letters."""
    if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    zeros = [byte == 0 for byte in line[:4]]
    if zeros == [False, True, False, True]:
        return "utf-16-le"
    return "utf-16-be" if zeros == [True, False, True, False] else None
