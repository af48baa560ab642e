"""Ids that are taken: a record of other texts may not have one of them; the same record twice is legal."""

from array import array
from bisect import bisect_right

import numpy as np

from rmexp.records import Record
from rmexp.sources.ranges.read_parts import ReadPart, texts_hash
from rmexp.sources.rows import Row


class KnownIds:
    """The ids of all records so far; of ids and texts there are hashes alone."""

    def __init__(self) -> None:
        self._first: dict[int, int] = {}  # by the id: the record that has it first
        self._texts, self._rows = array("q"), array("Q")  # of each record
        self._files: list[Row] = []  # the first row of each, without content
        self._starts: list[int] = []  # the number of its first record

    def taken_by(self, row: Row, record: Record) -> str | None:
        """Where another record stands that has the id of one, which is known from now on where there is none."""
        texts, at = texts_hash(record), self._first.setdefault(hash(record.id), len(self._texts))
        if at < len(self._texts):
            return None if self._texts[at] == texts else self._place(at)
        self._enter(row)
        self._texts.append(texts)
        self._rows.append(row.number)
        return None

    def take(self, part: ReadPart, path: str) -> bool:
        """Know the ids of a part of a file, if none of them is that of another record; whether it is so."""
        before, count = len(self._texts), len(part.ids)
        self._texts.extend(part.texts)
        first = np.fromiter(map(self._first.setdefault, part.ids, range(before, before + count)), np.int64, count)
        if (np.asarray(self._texts)[first] != part.texts).any():
            for known in part.ids:
                if self._first.get(known, -1) >= before:
                    del self._first[known]
            del self._texts[before:]
            return False
        self._rows.extend(part.numbers)
        self._enter(Row(path, 0, {}), before)
        return True

    def _enter(self, row: Row, start: int | None = None) -> None:
        if not self._files or self._files[-1].path != row.path:
            self._files.append(Row(row.path, 0, {}, row.unit))
            self._starts.append(len(self._texts) if start is None else start)

    def _place(self, at: int) -> str:
        return self._files[bisect_right(self._starts, at) - 1]._replace(number=self._rows[at]).place
