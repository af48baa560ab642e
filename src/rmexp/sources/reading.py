"""What becomes of bad rows: the first one stops the run, or all are left out, counted and told."""

import json
import logging
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import cast

import numpy as np

from rmexp.checked_fields import EmptyText
from rmexp.jsonl import BadRow
from rmexp.preference_data import SkippedRow
from rmexp.records import Candidates, IdenticalSides, Preference, Record, put
from rmexp.sources.rows import Format, LeftOut, Outcome, Row
from rmexp.stored_records import StoredRecords, stored

log = logging.getLogger(__name__)

_KINDS = {EmptyText: "empty", IdenticalSides: "identical"}
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
        self._seen: dict[int, tuple[int, int, int]] = {}  # by the hash of an id: file, hash of the content, line
        self._files: list[Row] = []

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
        left_out: Counter[str] = Counter()
        began, read, pair = len(self.bad_rows), Counter[str](), array("b")
        records = stored(self._usable(form(self._readable(rows, read)), left_out, pair))
        for reason, count in left_out.items():
            log.info("%s: %d left out: %s", path, count, reason)
        self._account(path, self.bad_rows[began:], read["rows"])
        if not records:
            raise ValueError(f"{path}: expected preference records, but the file has {_nothing(read, left_out)}")
        pairs = np.frombuffer(pair, bool)
        return cast(StoredRecords[Preference], records.of(pairs)), cast(StoredRecords[Candidates], records.of(~pairs))

    def _usable(
        self, outcomes: Iterable[tuple[Row, Outcome]], left_out: Counter[str], pair: "array[int]"
    ) -> Iterator[Record]:
        """The records among outcomes; `pair` gets whether each is a pair, `left_out` what is left out on request."""
        for row, outcome in outcomes:
            if isinstance(outcome, Record):
                if problem := self._reused_id(row, outcome):
                    self._bad(row, ValueError(problem))
                else:
                    put(outcome, row.place)
                    pair.append(isinstance(outcome, Preference))
                    yield outcome
            elif isinstance(outcome, LeftOut):
                left_out[outcome.reason] += 1
            else:
                self._bad(row, outcome)

    def _readable(self, rows: Iterable[Row], read: Counter[str]) -> Iterator[Row]:
        for row in rows:
            read["rows"] += 1
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

    def _reused_id(self, row: Row, record: Record) -> str | None:
        """A problem when an earlier pair of other texts has the same id; the same pair twice is legal."""
        content = hash((record.prompt, record.responses))
        earlier, known, number = self._seen.setdefault(hash(record.id), (self._file(row), content, row.number))
        if known == content:
            return None
        place = self._files[earlier]._replace(number=number).place
        return f"`id` {record.id} is that of another pair already ({place})"

    def _file(self, row: Row) -> int:
        """The number of a row's file."""
        if not self._files or self._files[-1].path != row.path:
            self._files.append(Row(row.path, 0, {}, row.unit))
        return len(self._files) - 1

    def _account(self, path: str, bad: list[SkippedRow], rows: int) -> None:
        lines = {row.line: f"{row.unit} {row.line}: {row.problem}" for row in reversed(bad)}
        first = "; ".join(list(lines.values())[:-4:-1])
        if bad and len(lines) > self._max_bad_share * rows:
            raise ValueError(
                f"{path}: {len(lines)} of {rows} rows are bad, more than data.max_bad_share={self._max_bad_share} "
                f"allows (such as {first})"
            )
        if bad:
            kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(row.kind for row in bad).items())
            log.warning("%s: %d of %d rows are bad and left out: %s (such as %s)", path, len(lines), rows, kinds, first)


def _located(row: Row, problem: str) -> ValueError:
    return BadRow(row.path, row.number, problem) if row.unit == "line" else ValueError(f"{row.place}: {problem}")


def _nothing(read: Counter[str], left_out: Counter[str]) -> str:
    if not read["rows"]:
        return "no rows"
    return f"{read['rows']} rows and none is left" + "".join(f"; {count}: {why}" for why, count in left_out.items())
