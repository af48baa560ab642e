"""Records that lie in a file until somebody looks at them: of a large data set memory holds nothing but their places.

The file has no name and goes when nobody has a place in it any more; it lies where `TMPDIR` says. Of a small data set
there is none, its records are held as the bytes that would be in it.
"""

import os
import pickle
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import IO, Any, Generic, TypeVar, cast, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmexp.records import Candidates, Preference, Record

R_co = TypeVar("R_co", bound=Record, covariant=True)
R = TypeVar("R", bound=Record)

HELD = 32 << 20  # bytes of records that are held before they go to a file

# What a record is made of, by the letter that it begins with in a file. Its fields were checked when it was made.
_KINDS: dict[bytes, type[Record]] = {b"p": Preference, b"c": Candidates}
_LETTERS = {kind: letter for letter, kind in _KINDS.items()}
_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in _LETTERS}
_SETTERS = {kind: tuple(getattr(kind, name).__set__ for name in names) for kind, names in _FIELDS.items()}


class _RecordFile:
    """Records one behind the other, the last of them in memory."""

    def __init__(self) -> None:
        self._ends, self._last, self._written = array("q", [0]), bytearray(), 0
        self._file: IO[bytes] | None = None

    def add(self, record: Record) -> None:
        kind = type(record)
        values = tuple(getattr(record, name) for name in _FIELDS[kind])
        self._last += _LETTERS[kind] + pickle.dumps(values, pickle.HIGHEST_PROTOCOL)
        self._ends.append(self._written + len(self._last))
        if len(self._last) > HELD:
            self._file = self._file or tempfile.TemporaryFile(prefix="rmexp-records-")  # noqa: SIM115
            self._file.write(self._last)
            self._file.flush()
            self._written += len(self._last)
            self._last = bytearray()

    def read(self, number: int) -> Record:
        start, end = self._ends[number], self._ends[number + 1]
        if start >= self._written:
            content = bytes(memoryview(self._last)[start - self._written : end - self._written])
        else:
            assert self._file is not None
            content = os.pread(self._file.fileno(), end - start, start)  # others may read in other processes
        kind = _KINDS[content[:1]]
        record: Record = object.__new__(kind)
        for put, value in zip(_SETTERS[kind], pickle.loads(content[1:]), strict=True):
            put(record, value)
        return record

    def __len__(self) -> int:
        return len(self._ends) - 1


class StoredRecords(Sequence[R_co], Generic[R_co]):
    """Some of the records of a file; see `stored`.

    Args:
        file: that holds them.
        numbers: (N,) of the records in it.
    """

    def __init__(self, file: _RecordFile, numbers: NDArray[np.int64]) -> None:
        self._file, self._numbers = file, numbers

    def of(self, places: ArrayLike) -> "StoredRecords[R_co]":
        """Some of them.

        Args:
            places: indices among these, or (N,) bool.
        """
        chosen = np.asarray(places)
        return StoredRecords(self._file, self._numbers[chosen if chosen.size else slice(0)])

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, place: int) -> R_co: ...
    @overload
    def __getitem__(self, place: slice) -> "StoredRecords[R_co]": ...
    def __getitem__(self, place: int | slice) -> "R_co | StoredRecords[R_co]":
        if isinstance(place, slice):
            return StoredRecords(self._file, self._numbers[place])
        return cast(R_co, self._file.read(int(self._numbers[place])))

    def __iter__(self) -> Iterator[R_co]:
        return (cast(R_co, self._file.read(number)) for number in self._numbers)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        if isinstance(other, StoredRecords) and other._file is self._file:
            return np.array_equal(self._numbers, other._numbers)
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"StoredRecords({len(self)})"

    def __reduce__(self) -> tuple[Any, ...]:
        """The records themselves, for another process."""
        return stored, (tuple(self),)


def stored(records: Iterable[R]) -> StoredRecords[R]:
    """Records in a file; those that are in one already as they are.

    >>> pairs = stored(Preference(f"{number}?", "yes", "no") for number in range(5))
    >>> len(pairs), pairs[1].prompt, [pair.prompt for pair in pairs.of([4, 0])]
    (5, '1?', ['4?', '0?'])
    """
    if isinstance(records, StoredRecords):
        return records
    file = _RecordFile()
    for record in records:
        file.add(record)
    return StoredRecords(file, np.arange(len(file)))
