"""Records one behind the other in a file without a name, which goes when nobody reads it any more.

It lies where `TMPDIR` says. Of a small data set there is none, its records are held as the bytes that would be in it.
"""

import os
import pickle
import tempfile
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from rmexp.records import Candidates, Preference, Record
from rmexp.scored import Scored

Kept = Record | Scored
HELD = 32 << 20  # bytes of records that are held before they go to a file

# What a record is made of, by the letter that it begins with in a file. Its fields were checked when it was made.
_KINDS: dict[int, type[Kept]] = {b"p"[0]: Preference, b"c"[0]: Candidates, b"s"[0]: Scored}
_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in _KINDS.values()}
_GETTERS = {kind: (bytes([letter]), attrgetter(*_FIELDS[kind])) for letter, kind in _KINDS.items()}
_SETTERS = {kind: tuple(getattr(kind, name).__set__ for name in names) for kind, names in _FIELDS.items()}


class RecordFile:
    """Records one behind the other, the last of them in memory.

    Attributes:
        lines: files that all of them are of, with the numbers of some lines each; None where only they know it.
    """

    def __init__(self) -> None:
        self.lines: list[tuple[str, array[int]]] | None = []
        self._ends, self._last, self._written = array("q", [0]), bytearray(), 0
        self._file: IO[bytes] | None = None

    @property
    def large(self) -> bool:
        """Whether they are in a file."""
        return self._file is not None

    def add(self, record: Kept) -> None:
        """Put a record at the end."""
        self.lines = None
        letter, values = _GETTERS[type(record)]
        self._last += letter
        self._last += pickle.dumps(values(record), pickle.HIGHEST_PROTOCOL)
        self._ends.append(self._written + len(self._last))
        self._spill()

    def extend(self, content: bytes, ends: NDArray[np.int64], path: str, numbers: "array[int]") -> None:
        """Put the `content` of other records, which has these `ends`, at the end; they are of lines of a file."""
        if self.lines is not None:
            self.lines.append((path, numbers))
        before = self._written + len(self._last)
        self._last += content
        self._ends.frombytes((ends + before).tobytes())
        self._spill()

    def _spill(self) -> None:
        if len(self._last) > HELD:
            try:
                self._file = self._file or tempfile.TemporaryFile(prefix="rmexp-records-")  # noqa: SIM115
                self._file.write(self._last)
                self._file.flush()
            except OSError as error:
                error.filename = tempfile.gettempdir()  # a full disk does not say which
                raise
            self._written += len(self._last)
            self._last = bytearray()

    def read(self, numbers: Sequence[int]) -> Iterator[Kept]:
        """See `RecordStore`."""
        before, content = self._ends[numbers[0]], memoryview(self.content(numbers[0], numbers[-1] + 1))
        for number in numbers:
            yield record_in(content[self._ends[number] - before : self._ends[number + 1] - before], pickle.loads)

    def content(self, first: int, end: int) -> bytes:
        """The records of the numbers from `first` to before `end`, one behind the other, each for `record_in`."""
        start, stop = self._ends[first], self._ends[end]
        if start >= self._written:
            return bytes(memoryview(self._last)[start - self._written : stop - self._written])
        assert self._file is not None
        in_file = os.pread(self._file.fileno(), min(stop, self._written) - start, start)  # others may read it too
        return in_file if stop <= self._written else in_file + bytes(self._last[: stop - self._written])

    def ends(self, first: int, end: int) -> NDArray[np.int64]:
        """Where each of these records ends in their `content`."""
        return np.frombuffer(self._ends[first + 1 : end + 1], np.int64) - self._ends[first]

    def __len__(self) -> int:
        return len(self._ends) - 1


def record_in(content: memoryview, load: Callable[[memoryview], Any]) -> Kept:
    """A record as it lies in a file; `load` reads its fields."""
    kind = _KINDS[content[0]]
    record: Kept = object.__new__(kind)
    for put, value in zip(_SETTERS[kind], load(content[1:]), strict=True):
        put(record, value)
    return record
