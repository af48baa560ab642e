"""Parts of large files of JSON lines, each with the number of its first line, so that they can be read side by side."""

import os
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from rmexp.lines import Bounds, bounded
from rmexp.sources.line_rows import line_row, with_remedy
from rmexp.sources.rows import Row

LARGE = 16 << 20  # bytes of files that are worth several processes
RANGE = 4 << 20  # bytes that one of them reads at once
LONGEST = 4 * RANGE  # bytes of a part that ends with a line that is long


class LineRange(NamedTuple):
    """Whole lines of a file.

    Attributes:
        path: of the file.
        first: number of the first of them, from 1.
        start: bytes before that.
        size: bytes of all.
    """

    path: Path
    first: int
    start: int
    size: int

    def content(self) -> bytes:
        """Their bytes."""
        with self.path.open("rb") as file:
            return os.pread(file.fileno(), self.size, self.start)


class RangeRows:
    """Rows of some lines, as `file_rows` gives them.

    Args:
        part: the lines.
        encoding: as for `file_rows`.
        bounds: likewise.
        blank: what blank lines just before the first count, see `bounded`.

    Attributes:
        blank: what blank lines at the end count, once all rows have been asked for.
    """

    def __init__(self, part: LineRange, encoding: str | None, bounds: Bounds, blank: int = 0) -> None:
        self.part, self.encoding, self.bounds, self.blank = part, encoding, bounds, blank

    def __iter__(self) -> Iterator[Row]:
        return self._rows(self.part.content())

    def apart(self) -> Iterator[Row] | None:
        """The same, but None where blank lines at either end may be too many with those beside them."""
        content = self.part.content()
        ends = content[: content.find(b"\n")], content[content.rfind(b"\n", 0, -1) + 1 :]
        return self._rows(content) if all(end.strip() for end in ends) else None

    def _rows(self, content: bytes) -> Iterator[Row]:
        path, first = self.part.path, self.part.first
        lines = bounded(path, BytesIO(content), self.bounds, first, self.blank)
        while True:
            try:
                number, line = next(lines)
            except StopIteration as end:
                self.blank = end.value
                return
            if line.strip():
                yield with_remedy(line_row(path, number, line), self.encoding)


def line_ranges(paths: Sequence[Path], encoding: str | None) -> list[LineRange]:
    """The parts of some files; none where they are no large files of plain JSON lines, or have an endless line."""
    if encoding not in (None, "utf-8") or any(path.suffix != ".jsonl" or not path.is_file() for path in paths):
        return []
    if sum(path.stat().st_size for path in paths) < LARGE:
        return []
    found = list[LineRange]()
    for path in paths:
        first, start = 1, 0
        for end, lines in _ends(path):
            if end - start > LONGEST:
                return []
            found.append(LineRange(path, first, start, end - start))
            first, start = first + lines, end
    return found if all(map(_plain, paths)) else []


def _plain(path: Path) -> bool:
    """Whether a file begins as an object in UTF-8."""
    with path.open("rb") as file:
        start = file.read(2)
    return start[:1] == b"{" and start[1:] != b"\0"


def _ends(path: Path) -> Iterator[tuple[int, int]]:
    """Where each part of a file ends, and how many lines are in it; of a line that is endless only the beginning."""
    last = done = 0
    with path.open("rb") as file:
        while (block := file.read(RANGE)) and done - last <= LONGEST:
            if end := block.rfind(b"\n") + 1:
                last = done + end
                yield last, block.count(b"\n")
            done += len(block)
    if done > last:
        yield done, 1
