"""What becomes of bad rows: the first one stops the run, or all are left out, counted and told."""

import json
import logging
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial

import numpy as np

from rmexp.checked_fields import EmptyText
from rmexp.hardware.side_by_side import side_by_side
from rmexp.jsonl import BadRow
from rmexp.lines import Bounds
from rmexp.preference_data import SkippedRow
from rmexp.record_file import RecordFile
from rmexp.records import Candidates, IdenticalSides, Preference, Record, put
from rmexp.sources.ranges.known_ids import KnownIds
from rmexp.sources.ranges.line_ranges import LineRange, RangeRows
from rmexp.sources.ranges.read_parts import ReadPart, read_part
from rmexp.sources.rows import Format, LeftOut, MissingColumn, Row, outcomes
from rmexp.stored_records import StoredRecords, all_of

log = logging.getLogger(__name__)

_KINDS = {EmptyText: "empty", IdenticalSides: "identical"}
_MOST_SHOWN = 3  # problems of a file, those of most rows first
_HINT = "data.on_bad_row=skip leaves such rows out and counts them"


class Reading:
    """Turns the rows of one source's files into records, and keeps the bad ones apart.

    Attributes:
        bad_rows: all that was left out so far.
    """

    def __init__(self, *, on_bad_row: str, max_bad_share: float) -> None:
        """Keep what `data.on_bad_row` (error or skip) and `data.max_bad_share` (in [0, 1], per file) say."""
        if on_bad_row not in ("error", "skip"):
            raise ValueError(f"data.on_bad_row must be error or skip, got {on_bad_row}")
        if not 0 <= max_bad_share <= 1:
            raise ValueError(f"data.max_bad_share must be in [0, 1], got {max_bad_share}")
        self.bad_rows: list[SkippedRow] = []
        self._skip = on_bad_row == "skip"
        self._max_bad_share = max_bad_share
        self._ids = KnownIds()

    def records(self, path: str, rows: Iterable[Row], form: Format) -> StoredRecords[Preference]:
        """The pairs of one file or split, in its order; see `all_records`."""
        return self.all_records(path, rows, form)[0]

    def all_records(
        self, path: str, rows: Iterable[Row], form: Format
    ) -> tuple[StoredRecords[Preference], StoredRecords[Candidates]]:
        """The pairs and the lists of one file or split, in its order.

        Raises:
            BadRow: a row is malformed and `on_bad_row` is `error`; the message names file and line.
            ValueError: too many rows are bad, or there is no record at all.
        """
        began, taken = len(self.bad_rows), _Taken()
        for record in self._usable(rows, form, taken):
            taken.file.add(record)
        return self._told(path, taken, began)

    def records_of_ranges(
        self, path: str, ranges: Sequence[LineRange], form: Format, encoding: str | None, bounds: Bounds
    ) -> StoredRecords[Preference]:
        """The same of plain JSON lines, read side by side: each range by itself, where nothing is to be told of it.

        Args:
            path: of the files, for messages.
            ranges: of their lines, in their order.
            form: what a row means, whatever stands beside it.
            encoding: as for `file_rows`.
            bounds: likewise.

        Raises:
            BadRow: see `all_records`.
            ValueError: likewise, or a process was killed.
        """
        began, taken, blank = len(self.bad_rows), _Taken(), 0
        read = partial(read_part, form=form, encoding=encoding, bounds=bounds)
        with closing(side_by_side(read, ranges)) as parts:
            for part, found in zip(ranges, parts, strict=True):
                if found is not None and self._ids.take(found, str(part.path)):
                    taken.add(found, str(part.path))
                    blank = 0
                    continue
                rows = RangeRows(part, encoding, bounds, blank if part.start else 0)
                for record in self._usable(rows, form, taken):
                    taken.file.add(record)
                blank = rows.blank
        return self._told(path, taken, began)[0]

    def _told(
        self, path: str, taken: "_Taken", began: int
    ) -> tuple[StoredRecords[Preference], StoredRecords[Candidates]]:
        """What was taken, with an account of what was left out."""
        for reason, count in taken.left_out.items():
            log.info("%s: %d left out: %s", path, count, reason)
        self._account(path, self.bad_rows[began:], taken.rows)
        if not len(taken.file):
            raise ValueError(f"{path}: expected preference records, but the file has {_nothing(taken)}")
        records, pairs = all_of(taken.file), np.frombuffer(taken.pairs, bool)
        return records.of(pairs), records.of(~pairs)

    def _usable(self, rows: Iterable[Row], form: Format, taken: "_Taken") -> Iterator[Record]:
        """The records among what a format makes of rows; `taken` counts them, and what is left out on request."""
        for row, outcome in outcomes(form, self._readable(rows, taken)):
            if isinstance(outcome, Record):
                if place := self._ids.taken_by(row, outcome):
                    self._bad(row, ValueError(f"`id` {outcome.id} is that of another pair already ({place})"))
                else:
                    put(outcome, row.place)
                    taken.pairs.append(isinstance(outcome, Preference))
                    yield outcome
            elif isinstance(outcome, LeftOut):
                taken.left_out[outcome.reason] += 1
            else:
                self._bad(row, with_key(outcome, form) if isinstance(outcome, MissingColumn) else outcome)

    def _readable(self, rows: Iterable[Row], taken: "_Taken") -> Iterator[Row]:
        for row in rows:
            taken.rows += 1
            if row.error is not None:
                self._bad(row, row.error)
            else:
                yield row

    def _bad(self, row: Row, error: ValueError) -> None:
        problem = error.problem if isinstance(error, BadRow) else str(error)
        if not self._skip:
            raise _located(row, f"{problem} ({_HINT})") from error
        kind = next((kind for cause, kind in _KINDS.items() if isinstance(error, cause)), "malformed")
        start = row.text or json.dumps(row.content, ensure_ascii=False, default=str)
        self.bad_rows.append(SkippedRow(row.path, row.number, kind, problem, start[:200], row.unit))

    def _account(self, path: str, bad: list[SkippedRow], rows: int) -> None:
        lines = {(row.path, row.line) for row in bad}
        several = len({row.path for row in bad} | {path}) > 1  # files of one set of records
        first = {row.problem: f"{f'{row.path} ' if several else ''}{row.unit} {row.line}" for row in reversed(bad)}
        often = [problem for problem, _ in Counter(row.problem for row in bad).most_common(_MOST_SHOWN)]
        shown = "; ".join(f"{first[problem]}: {problem}" for problem in often)
        if bad and len(lines) > self._max_bad_share * rows:
            raise ValueError(
                f"{path}: {len(lines)} of {rows} rows are bad, more than data.max_bad_share={self._max_bad_share} "
                f"allows (such as {shown})"
            )
        if bad:
            kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(row.kind for row in bad).items())
            log.warning("%s: %d of %d rows are bad and left out: %s (such as %s)", path, len(lines), rows, kinds, shown)


def with_key(error: MissingColumn, form: Format) -> ValueError:
    """The error with the keys of the format that name the column, where any does."""
    named = {name: value if isinstance(value, list) else [value] for name, value in vars(form).items()}
    keys = [f"data.format.{name}" for name, values in named.items() if any(path in values for path in error.paths)]
    what = f"set {' or '.join(keys)}, or choose" if keys else "set"
    return ValueError(f"{error}; {what} another data/format")


def _located(row: Row, problem: str) -> ValueError:
    return BadRow(row.path, row.number, problem) if row.unit == "line" else ValueError(f"{row.place}: {problem}")


def _nothing(taken: "_Taken") -> str:
    if not taken.rows:
        return "no rows"
    return f"{taken.rows} rows and none is left" + "".join(f"; {count}: {why}" for why, count in taken.left_out.items())


class _Taken:
    """Records that were read, which of them are pairs, and what was left out on request of so many rows."""

    def __init__(self) -> None:
        self.file, self.pairs, self.left_out, self.rows = RecordFile(), array("b"), Counter[str](), 0

    def add(self, part: ReadPart, path: str) -> None:
        """Put a part of a file to it."""
        self.file.extend(part.content, part.ends, path, part.numbers)
        self.pairs.extend(part.pairs)
        self.left_out.update(part.left_out)
        self.rows += part.rows
