"""Records whose text stands in other sets too: the same, the same but for writing, or nearly the same."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rmexp.data.leaks.known_records import KnownRecords
from rmexp.data.leaks.near_duplicates import near_duplicates

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


def matches(mine: KnownRecords, theirs: KnownRecords, similarity: float | None) -> Matches:
    """Compare records with those of other sets by what they are known by.

    Args:
        mine: N of them.
        theirs: the others.
        similarity: from which two texts are nearly the same; None does not look for such.
    """
    kind, other = np.zeros(len(mine.exact), np.int64), np.zeros(len(mine.exact), np.int64)
    for number, (keys, known) in enumerate(((mine.exact, theirs.exact), (mine.alike, theirs.alike)), 1):
        values, first = np.unique(known, return_index=True)
        found = np.isin(keys, values) & (kind == 0)
        kind[found], other[found] = number, first[np.searchsorted(values, keys[found])]
    near: dict[int, float] = {}
    if similarity is not None:
        for indices, place, truth in _near(mine, kind == 0, theirs, similarity):
            kind[indices], other[indices] = len(KINDS), place
            near |= dict.fromkeys(indices.tolist(), truth)
    return Matches(kind, other, near)


def _near(
    mine: KnownRecords, wanted: NDArray[np.bool_], theirs: KnownRecords, similarity: float
) -> Iterator[tuple[NDArray[np.int64], int, float]]:
    """Indices of records of one text, what they are nearly the same as, and how nearly.

    Args:
        mine: N records.
        wanted: (N,) which of them are looked at.
        theirs: that they are compared with.
        similarity: at least.
    """
    order = np.argsort(mine.alike, kind="stable")
    order = order[wanted[order]]
    keys = mine.alike[order]
    firsts = np.sort(order[np.unique(keys, return_index=True)[1]])
    targets = np.sort(np.unique(theirs.alike, return_index=True)[1])
    for match in near_duplicates(mine.shingled(firsts), theirs.shingled(targets), similarity):
        key = mine.alike[firsts[match.text]]
        start, end = (np.searchsorted(keys, key, side=side) for side in ("left", "right"))
        yield order[start:end], int(targets[match.other]), match.similarity
