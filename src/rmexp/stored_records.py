"""Records, and their scores, that lie in a file until somebody looks at them: memory holds nothing but their places."""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, cast, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmexp.record_content import texts_content
from rmexp.record_file import Kept, RecordFile
from rmexp.records import Candidates, Preference, Record

R_co = TypeVar("R_co", bound=Kept, covariant=True)
R = TypeVar("R", bound=Kept)
K = TypeVar("K", Preference, Candidates)

_AT_ONCE = 256  # records that are read together
_NEAR = 16  # from a record to the next one that is read with it


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
