"""Records whose text stands in other sets too: the same, the same but for writing, or nearly the same."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rmexp.data.near_duplicates import near_duplicates
from rmexp.data.normalised import known_by, normalised, text_key
from rmexp.data.passes import column, passed
from rmexp.data.shingles import Shingled, Shingles, shingles_of
from rmexp.records import Record
from rmexp.stored_records import stored

Keys = NDArray[np.uint64]
KINDS = ("exact", "normalised", "near")


class Matches(NamedTuple):
    """What each of N records matches, by the first kind that it does.

    Attributes:
        kind: (N,) its number among `KINDS` from 1; 0 where it matches nothing.
        other: (N,) the place of what it matches, among the records of all other sets.
        similarity: of those that are nearly the same, by their index.
    """

    kind: NDArray[np.int64]
    other: NDArray[np.int64]
    similarity: Mapping[int, float]

    def of(self, kind: str) -> NDArray[np.int64]:
        """Indices of the records that match so."""
        return np.flatnonzero(self.kind == KINDS.index(kind) + 1)


class Places:
    """The records of several sets, one set after the other."""

    def __init__(self, sets: Mapping[str, Sequence[Record]]) -> None:
        self._names, self._records = list(sets), list(sets.values())
        self._starts = np.cumsum([0, *map(len, self._records)])

    def sets(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The number of each record's set."""
        return np.searchsorted(self._starts, places, side="right") - 1

    def of(self, place: int) -> tuple[str, Record]:
        """The name of a record's set, and the record."""
        number = int(self.sets(np.array([place]))[0])
        return self._names[number], self._records[number][place - int(self._starts[number])]


def matches(records: Sequence[Record], others: Mapping[str, Sequence[Record]], similarity: float | None) -> Matches:
    """Compare records with those of other sets by what they are known by.

    Args:
        records: N of them.
        others: by the name of their set.
        similarity: from which two texts are nearly the same; None does not look for such.
    """
    mine, theirs = _keys([records]), _keys(others.values())
    kind, other = np.zeros(len(records), np.int64), np.zeros(len(records), np.int64)
    for number, (keys, known) in enumerate(zip(mine, theirs, strict=True), 1):
        values, first = np.unique(known, return_index=True)
        found = np.isin(keys, values) & (kind == 0)
        kind[found], other[found] = number, first[np.searchsorted(values, keys[found])]
    near: dict[int, float] = {}
    if similarity is not None:
        for indices, place, truth in _near(records, (mine[1], kind == 0), others, theirs[1], similarity):
            kind[indices], other[indices] = len(KINDS), place
            near |= dict.fromkeys(indices.tolist(), truth)
    return Matches(kind, other, near)


def _keys(sets: Iterable[Sequence[Record]]) -> tuple[Keys, Keys]:
    """Of what each record of some sets is known by, and of that made alike."""
    found = [column(_keys_of, some, np.uint64, 2) for some in sets]
    exact, alike = np.concatenate([np.empty((0, 2), np.uint64), *found]).T
    return exact.copy(), alike.copy()


def _keys_of(records: Sequence[Record]) -> list[tuple[int, int]]:
    return [(text_key(text), text_key(normalised(text))) for text in map(known_by, records)]


def _near(
    records: Sequence[Record],
    looked_at: tuple[Keys, NDArray[np.bool_]],
    others: Mapping[str, Sequence[Record]],
    known: Keys,
    similarity: float,
) -> Iterator[tuple[NDArray[np.int64], int, float]]:
    """Indices of records of one text, what they are nearly the same as, and how nearly.

    Args:
        records: all of them.
        looked_at: keys of their texts made alike, and which of them are looked at.
        others: sets that they are compared with.
        known: keys likewise of all their records.
        similarity: at least.
    """
    keys, wanted = looked_at
    order = np.argsort(keys, kind="stable")
    order = order[wanted[order]]
    firsts = np.sort(order[np.unique(keys[order], return_index=True)[1]])
    targets = np.sort(np.unique(known, return_index=True)[1])
    found = near_duplicates(_shingled([records], firsts), _shingled(others.values(), targets), similarity)
    for match in found:
        key = keys[firsts[match.text]]
        start, end = (np.searchsorted(keys[order], key, side=side) for side in ("left", "right"))
        yield order[start:end], int(targets[match.other]), match.similarity


def _shingled(sets: Iterable[Sequence[Record]], places: NDArray[np.int64]) -> Shingled:
    """The shingles of what some of the records of all sets are known by, made alike; of their ascending places."""
    return Shingled.joined(part for some in _some(sets, places) for part in passed(_shingles_of, some))


def _some(sets: Iterable[Sequence[Record]], places: NDArray[np.int64]) -> Iterator[Sequence[Record]]:
    """The records of some places, set after set."""
    start = 0
    for records in sets:
        within = places[slice(*np.searchsorted(places, (start, start + len(records))))] - start
        yield stored(records).of(within)
        start += len(records)


def _shingles_of(records: Sequence[Record]) -> Shingles:
    return shingles_of(normalised(known_by(record)) for record in records)
