"""Files that may be a mistake or an attack: compressed ones that unpack to far more than their size, endless rows."""

import gzip
import lzma
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

SMALL = 16 << 20  # bytes to which any compressed file may unpack
BLANK = 15  # bytes


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


def open_bounded(path: Path, bounds: Bounds) -> IO[bytes]:
    """Open a plain, `.gz` or `.xz` file for reading.

    Args:
        path: of the file.
        bounds: reading a compressed file that unpacks to more is a ValueError that names the file and the key.
    """
    if path.suffix not in (".gz", ".xz"):
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
