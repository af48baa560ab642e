"""The records of several sets as what they are known by: their prompt, or their responses where it is empty."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rmexp.data.known_keys import keys_of
from rmexp.data.leaks.shingles import Shingled, Shingles, shingles_of
from rmexp.data.normalised import known_by, normalised
from rmexp.data.passes import passed
from rmexp.records import Record
from rmexp.stored_records import stored


class KnownRecords:
    """The N records of several sets, one set after the other.

    Args:
        sets: by name.

    Attributes:
        exact: (N,) uint64, keys of what each is known by.
        alike: (N,) uint64, keys of that made alike.
    """

    def __init__(self, sets: Mapping[str, Sequence[Record]]) -> None:
        self._names, self._records = list(sets), list(sets.values())
        self._starts = np.cumsum([0, *map(len, self._records)])
        found = map(keys_of, self._records)
        exact, alike = np.concatenate([np.empty((0, 2), np.uint64), *found]).T
        self.exact, self.alike = exact.copy(), alike.copy()

    def sets(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The number of each record's set."""
        return np.searchsorted(self._starts, places, side="right") - 1

    def of(self, place: int) -> tuple[str, Record]:
        """The name of a record's set, and the record."""
        number = int(self.sets(np.array([place]))[0])
        return self._names[number], self._records[number][place - int(self._starts[number])]

    def shingled(self, places: NDArray[np.int64]) -> Shingled:
        """The shingles of what the records at some ascending places are known by, made alike."""
        parts = list[Shingles]()
        for records, start in zip(self._records, self._starts[:-1].tolist(), strict=True):
            within = places[slice(*np.searchsorted(places, (start, start + len(records))))] - start
            parts += passed(_shingles_of, stored(records).of(within))
        return Shingled.joined(parts)


def _shingles_of(records: Sequence[Record]) -> Shingles:
    return shingles_of(normalised(known_by(record)) for record in records)
