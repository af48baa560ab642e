"""Records of which nothing is kept but where their lines lie: each is made again of its line when it is looked at."""

import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby, pairwise
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from rmexp.data.passes import passed
from rmexp.jsonl import parse_row
from rmexp.record_file import Kept, RecordFile
from rmexp.records import Record, put
from rmexp.sources.rows import Format, Row
from rmexp.stored_records import StoredRecords, all_of

SUFFIXES = (".jsonl", ".json")
_COMPARED = 256  # records that are made again at once
_AT_ONCE = 1 << 20  # bytes


class Lines(NamedTuple):
    """Where the lines of N records lie.

    Attributes:
        paths: of the files.
        firsts: number of the first record of each file.
        numbers: (N,) uint32, of the lines in their files, from 1.
        starts: (N,) int64, bytes before each.
        lengths: (N,) uint32, bytes of each.
    """

    paths: list[str]
    firsts: list[int]
    numbers: NDArray[np.uint32]
    starts: NDArray[np.int64]
    lengths: NDArray[np.uint32]

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """The arrays, under names that begin alike."""
        return {f"{name} {key}": getattr(self, key) for key in ("numbers", "starts", "lengths")}

    @classmethod
    def of(cls, paths: list[str], firsts: list[int], name: str, arrays: Mapping[str, NDArray[Any]]) -> "Lines":
        """What `arrays` gave, with the files."""
        return cls(paths, firsts, *(arrays[f"{name} {key}"] for key in ("numbers", "starts", "lengths")))


class KeptLines:
    """Records in files of JSON lines that nobody may change meanwhile; once made they lie as others do.

    Args:
        lines: where they lie.
        form: what a row means, each for itself.

    Raises:
        OSError: a file cannot be read.
    """

    def __init__(self, lines: Lines, form: Format) -> None:
        self.lines, self._form = lines, form
        self._files = [Path(path).open("rb") for path in lines.paths]  # noqa: SIM115
        self._states = [self._state(number) for number in range(len(self._files))]
        self._made, self._places = RecordFile(), np.full(len(lines.starts), -1, np.int64)  # in that file
        self._process = os.getpid()  # others that are forked off share the file, so they may not write to it

    def read(self, numbers: Sequence[int]) -> Iterator[Kept]:
        """See `RecordStore`.

        Raises:
            ValueError: a file has changed.
        """
        places = self._places[numbers]
        if (places < 0).any():
            yield from self._again(numbers)
        else:
            yield from cast(Iterator[Record], StoredRecords(self._made, places))

    def _again(self, numbers: Sequence[int]) -> Iterator[Record]:
        """Records made of their lines."""
        for file, some in groupby(numbers, lambda number: bisect_right(self.lines.firsts, number) - 1):
            kept = [*some]
            for number, record in zip(kept, self._records(file, kept), strict=True):
                if self._places[number] < 0 and self._process == os.getpid():
                    self._places[number] = len(self._made)
                    self._made.add(record)
                yield record

    def _records(self, file: int, numbers: Sequence[int]) -> Iterator[Record]:
        path, first, last = self.lines.paths[file], numbers[0], numbers[-1]
        begin = int(self.lines.starts[first])
        size = int(self.lines.starts[last]) + int(self.lines.lengths[last]) - begin
        content = os.pread(self._files[file].fileno(), size, begin)
        if self._state(file) != self._states[file]:
            raise ValueError(f"{path} has changed while it was being used (start again)")
        columns = (column[numbers].tolist() for column in (self.lines.numbers, self.lines.starts, self.lines.lengths))
        rows = (
            Row(path, line, parse_row(path, line, content[start - begin : start - begin + length]))
            for line, start, length in zip(*columns, strict=True)
        )
        for row, record in self._form(rows):
            if not isinstance(record, Record):
                raise ValueError(f"{row.place}: expected a record, as there was, got {record}")
            put(record, row.place)
            yield record

    def _state(self, file: int) -> tuple[int, int]:
        found = os.fstat(self._files[file].fileno())
        return found.st_size, found.st_mtime_ns

    def __len__(self) -> int:
        return len(self.lines.starts)


def lines_of(records: RecordFile, form: Format) -> Lines | None:
    """Where the lines lie that records were made of.

    Args:
        records: all that were read of some files, none of whose rows was bad.
        form: what a row means.

    Returns:
        None where some cannot be made again of one line by itself.
    """
    if not getattr(form, "by_row", False):
        return None
    paths, firsts, columns, place = list[str](), list[int](), [np.empty(0, np.uint32)], 0
    for path, some in _lines(records):
        if not path:
            return None
        if not paths or paths[-1] != path:
            paths.append(path)
            firsts.append(place)
        columns.append(some)
        place += len(some)
    numbers = np.concatenate(columns)
    parts = [slice(*bounds) for bounds in pairwise([*firsts, len(records)])]
    if len(set(paths)) < len(paths) or any((np.diff(numbers[part].astype(np.int64)) < 1).any() for part in parts):
        return None  # lines that several records are of
    bounds = [_bounds(Path(path), numbers[part]) for path, part in zip(paths, parts, strict=True)]
    starts, lengths = (np.concatenate(column) for column in zip(*bounds, strict=True))
    lines = Lines(paths, firsts, numbers, starts, lengths)
    return lines if _alike(records, KeptLines(lines, form)) else None


def _lines(records: RecordFile) -> Iterable[tuple[str, NDArray[np.uint32]]]:
    """Files that records are of, and the numbers of their lines; of records of no line neither."""
    if records.lines is None:
        return chain.from_iterable(passed(_places, all_of(records)))
    # of SUFFIXES without a look: they come of `line_ranges` alone, which takes nothing but `.jsonl`
    return ((path, np.array(numbers, np.uint32)) for path, numbers in records.lines)


def _places(records: Sequence[Record]) -> list[tuple[str, NDArray[np.uint32]]]:
    """Files that records are of, and the numbers of their lines; of records of no line neither."""
    parted = [record.place.rpartition(":") for record in records]
    if not all(number.isdecimal() and path.endswith(SUFFIXES) for path, _, number in parted):
        return [("", np.empty(0, np.uint32))]
    files = groupby(parted, lambda part: part[0])
    return [(path, np.array([int(number) for _, _, number in some], np.uint32)) for path, some in files]


def _bounds(path: Path, numbers: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Where lines of a file begin, and their bytes."""
    ends, done = [np.zeros(1, np.int64)], 0
    with path.open("rb") as file:
        while block := file.read(_AT_ONCE):
            ends.append(np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n")) + done + 1)
            done += len(block)
    whole = np.append(np.concatenate(ends), done)
    return whole[numbers - 1], (whole[numbers] - whole[numbers - 1]).astype(np.uint32)


def _alike(records: RecordFile, lines: KeptLines) -> bool:
    """Whether records, evenly spread, come out the same."""
    for place in np.unique(np.linspace(0, len(records) - 1, min(len(records), _COMPARED)).astype(int)).tolist():
        kept, again = (cast(Record, next(store.read([place]))) for store in (records, lines))
        if kept != again or kept.place != again.place:
            return False
    return True
