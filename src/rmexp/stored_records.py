"""Records, and their scores, that lie in a file until somebody looks at them: memory holds nothing but their places.

The file has no name and goes when nobody has a place in it any more; it lies where `TMPDIR` says. Of a small data set
there is none, its records are held as the bytes that would be in it.
"""

import os
import pickle
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from hashlib import sha256
from itertools import pairwise
from operator import attrgetter
from typing import IO, Any, Generic, NamedTuple, Protocol, TypeVar, cast, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmexp.record_content import texts_content
from rmexp.records import Candidates, Preference, Record
from rmexp.scored import Scored

Kept = Record | Scored
R_co = TypeVar("R_co", bound=Kept, covariant=True)
R = TypeVar("R", bound=Kept)
K = TypeVar("K", Preference, Candidates)

HELD = 32 << 20  # bytes of records that are held before they go to a file

# What a record is made of, by the letter that it begins with in a file. Its fields were checked when it was made.
_KINDS: dict[int, type[Kept]] = {b"p"[0]: Preference, b"c"[0]: Candidates, b"s"[0]: Scored}
_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in _KINDS.values()}
_GETTERS = {kind: (bytes([letter]), attrgetter(*_FIELDS[kind])) for letter, kind in _KINDS.items()}
_SETTERS = {kind: tuple(getattr(kind, name).__set__ for name in names) for kind, names in _FIELDS.items()}

_AT_ONCE = 256  # records that are read together
_NEAR = 16  # from a record to the next one that is read with it


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
            self._file = self._file or tempfile.TemporaryFile(prefix="rmexp-records-")  # noqa: SIM115
            self._file.write(self._last)
            self._file.flush()
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


class Labels(NamedTuple):
    """Of N pairs; see `Preference`.

    Attributes:
        target: (N,).
        margin: (N,), NaN where there is none.
    """

    target: NDArray[np.float64]
    margin: NDArray[np.float64]


class RecordStore(Protocol):
    """Where records lie until somebody looks at them."""

    def read(self, numbers: Sequence[int]) -> Iterator[Kept]:
        """The records of some numbers, which ascend and lie near each other: they are read at once."""
        ...

    def __len__(self) -> int: ...


class StoredRecords(Sequence[R_co], Generic[R_co]):
    """Some of the records of a file; see `stored`.

    Args:
        file: that holds them.
        numbers: (N,) of the records in it.
        texts: see `texts_digest`, where it is known.
        labels: see `labels_of`, where they are known.
        within: those that these are neighbours among, and the place of the first; None for a whole.

    Attributes:
        clusters: (N,) of each by the field that groups them, where they are known.
        keys: (N, 2) see `keys_of` of `rmexp.data.known_keys`, where they are known.
    """

    def __init__(
        self,
        file: RecordStore,
        numbers: NDArray[np.int64],
        texts: str | None = None,
        labels: Labels | None = None,
        within: "tuple[StoredRecords[R_co], int] | None" = None,
    ) -> None:
        self.file, self.numbers, self.texts, self.labels, self.within = file, numbers, texts, labels, within
        self.clusters: dict[str | None, NDArray[np.int64]] = {}
        self.keys: NDArray[np.uint64] | None = None

    def of(self, places: ArrayLike) -> "StoredRecords[R_co]":
        """Some of them.

        Args:
            places: indices among these, or (N,) bool.
        """
        places = np.asarray(places)
        chosen = places if places.size else slice(0)
        some = StoredRecords[R_co](self.file, self.numbers[chosen])
        some.keys = None if self.keys is None else self.keys[chosen]
        return some

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, place: int) -> R_co: ...
    @overload
    def __getitem__(self, place: slice) -> "StoredRecords[R_co]": ...
    def __getitem__(self, place: int | slice) -> "R_co | StoredRecords[R_co]":
        if isinstance(place, slice):
            start, _, step = place.indices(len(self))
            whole, before = self.within or (self, 0)
            return StoredRecords(self.file, self.numbers[place], within=(whole, before + start) if step == 1 else None)
        return cast(R_co, next(self.file.read([int(self.numbers[place])])))

    def __iter__(self) -> Iterator[R_co]:
        steps = np.diff(self.numbers)
        gaps = np.flatnonzero((steps < 1) | (steps > _NEAR)) + 1  # before these stands a record that lies elsewhere
        for start, end in pairwise([0, *gaps.tolist(), len(self.numbers)]):
            for first in range(start, end, _AT_ONCE):
                numbers = self.numbers[first : min(first + _AT_ONCE, end)].tolist()
                yield from cast(Iterator[R_co], self.file.read(numbers))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        if isinstance(other, StoredRecords) and other.file is self.file:
            return np.array_equal(self.numbers, other.numbers)
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
    file = RecordFile()
    for record in records:
        file.add(record)
    return all_of(file)


def all_of(file: RecordStore) -> StoredRecords[Any]:
    """All records of a file."""
    return StoredRecords(file, np.arange(len(file)))


def of_kind(records: Sequence[Record], kind: type[K]) -> StoredRecords[K]:
    """The pairs, or the lists, among records."""
    found = stored(records).of([isinstance(record, kind) for record in records])
    return cast(StoredRecords[K], found)


def texts_digest(records: Sequence[Record]) -> str:
    """SHA-256 of all prompts and responses in their order; of stored records it is computed once."""
    if isinstance(records, StoredRecords) and records.texts is not None:
        return records.texts
    digest = sha256()
    for record in records:
        digest.update(texts_content(record))
    if isinstance(records, StoredRecords):
        records.texts = digest.hexdigest()
    return digest.hexdigest()


def labels_of(pairs: Sequence[Preference]) -> Labels:
    """Targets and margins; of stored pairs they are looked up once."""
    if isinstance(pairs, StoredRecords) and pairs.labels is not None:
        return pairs.labels
    found = ((pair.target, np.nan if pair.margin is None else pair.margin) for pair in pairs)
    labels = Labels(*np.fromiter(found, (np.float64, 2), len(pairs)).T.copy())
    if isinstance(pairs, StoredRecords):
        pairs.labels = labels
    return labels
