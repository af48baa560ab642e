"""The one place that scores records into files, shard by shard, so that an interrupted run goes on where it was.

A scored file is written when all its records are scored. Until then shards lie in a folder beside it, each of them
whole or absent.
"""

import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rmexp.data.described import fingerprint
from rmexp.phases import Phase, phase, progressed
from rmexp.record_file import RecordFile
from rmexp.records import Record, Scored
from rmexp.scoring.scored_file import manifest_path, read_scored, write_scored
from rmexp.scoring.scorer import Scorer, scored_rows
from rmexp.stored_records import all_of

log = logging.getLogger(__name__)


class Column(NamedTuple):
    """One score of every response, and the file that it goes to.

    Attributes:
        path: of the scored file.
        scorer: what defines the column, for the manifest.
        log_odds: whether the difference of two scores is the log-odds of the first response.
    """

    path: Path
    scorer: dict[str, Any]
    log_odds: bool


class ScoredSet(NamedTuple):
    """The scores of a set of records, and what this process did for them.

    Attributes:
        rows: in the records' order.
        computed: records that this process has scored itself.
        seconds: that it took.
        log_odds: what the scorer says of them.
    """

    rows: Sequence[Scored]
    computed: int
    seconds: float
    log_odds: bool


Rows = Mapping[str, Scored]  # of one record, by the name of the column
ScoreColumns = Callable[[Sequence[Record]], Iterator[Rows]]


def score_into(
    path: Path, scorer: Scorer, records: Sequence[Record], *, shard_records: int, share: tuple[int, int] | None = None
) -> ScoredSet:
    """Score records and leave a scored file; what an earlier, interrupted run has scored is not scored again.

    Args:
        path: of the scored file.
        scorer: of any kind.
        records: to be scored.
        shard_records: records in a shard, which is the most that an interruption costs.
        share: see `score_columns_into`.

    Raises:
        ValueError: there are fewer than one record a shard, or the scorer refuses the records.
    """
    column = Column(path, scorer.describe(), scorer.log_odds)
    whole = scorer.stored and shard_records > 0  # such scores are of the whole set alone
    size = max(1, len(records)) if whole else shard_records

    def score(some: Sequence[Record]) -> Iterator[Rows]:
        return ({"": row} for row in scored_rows(scorer, some))

    done = score_columns_into({"": column}, score, records, shard_records=size, share=share)[""]
    return done._replace(computed=0) if scorer.stored else done


def is_scored(path: Path, scorer: Scorer, records: Sequence[Record]) -> bool:
    """Whether a scored file is there that `score_into` would leave as it is."""
    return are_scored({"": Column(path, scorer.describe(), scorer.log_odds)}, records)


def are_scored(columns: Mapping[str, Column], records: Sequence[Record]) -> bool:
    """Whether scored files are there that `score_columns_into` would leave as they are."""
    return _finished(columns, records) is not None


def score_columns_into(
    columns: Mapping[str, Column],
    score: ScoreColumns,
    records: Sequence[Record],
    *,
    shard_records: int,
    share: tuple[int, int] | None = None,
) -> dict[str, ScoredSet]:
    """Score records once and leave a scored file for each of several columns.

    Args:
        columns: by name.
        score: of records: the row of each column, record by record.
        records: to be scored.
        shard_records: records in a shard; no score depends on it beyond rounding.
        share: rank and number of processes that score together. Each of them scores its own shards and gets the rows
            of those alone. When all are done, a call without a share joins the shards to one file.

    Returns:
        The rows of each column.

    Raises:
        ValueError: there are fewer than one record a shard, or no such share.
    """
    _check(shard_records, share)
    with phase(Phase.EVALUATING, f"{_name(columns)}, {len(records):,} records"):
        return _joined(columns, score, records, shard_records, share)


def _joined(
    columns: Mapping[str, Column],
    score: ScoreColumns,
    records: Sequence[Record],
    shard_records: int,
    share: tuple[int, int] | None,
) -> dict[str, ScoredSet]:
    if share is None and (finished := _finished(columns, records)) is not None:
        return {name: ScoredSet(rows, 0, 0.0, columns[name].log_odds) for name, rows in finished.items()}
    began, computed = time.perf_counter(), 0
    files = {name: RecordFile() for name in columns}
    for ready, scored_now in _by_shard(columns, score, records, shard_records, share or (0, 1)):
        computed += scored_now
        for name, found in ready.items():
            for row in found:
                files[name].add(row)
    rows: dict[str, Sequence[Scored]] = {name: all_of(file) for name, file in files.items()}
    if share is None:
        _write(columns, rows, records)
        for column in columns.values():
            shutil.rmtree(_shard(column.path, 0).parent, ignore_errors=True)
    seconds = time.perf_counter() - began
    return {name: ScoredSet(rows[name], computed, seconds, column.log_odds) for name, column in columns.items()}


def _by_shard(
    columns: Mapping[str, Column],
    score: ScoreColumns,
    records: Sequence[Record],
    shard_records: int,
    share: tuple[int, int],
) -> Iterator[tuple[Mapping[str, Sequence[Scored]], int]]:
    """The rows of each shard of a share, and how many of them had to be scored."""
    rank, processes = share
    scorer = next(iter(columns.values()))
    if shard_records < len(records):
        progressed(0, len(records))
    for start in range(0, len(records), shard_records)[rank::processes]:
        some = records[start : start + shard_records]
        shards = {name: column._replace(path=_shard(column.path, start)) for name, column in columns.items()}
        ready: Mapping[str, Sequence[Scored]] | None = _finished(shards, some)
        computed = 0
        if ready is None:
            ready, computed = _scored(shards, score, some), len(some)
            _write(shards, ready, some)
        yield ready, computed
        if shard_records < len(records) and not progressed(start + len(some), len(records)):
            told = (scorer.path.stem, start + len(some), len(records), scorer.scorer.get("name"))
            log.info("%s: %d of %d records scored by %s", *told)


def _name(columns: Mapping[str, Column]) -> str:
    return next(iter(columns.values())).path.stem


def _check(shard_records: int, share: tuple[int, int] | None) -> None:
    if shard_records < 1:
        raise ValueError(f"`shard_records` must be at least 1, got {shard_records} (set shard_records)")
    if share is not None and not 0 <= share[0] < share[1]:
        raise ValueError(f"`share` must be a rank below the number of processes, got {share[0]} of {share[1]}")


def _shard(path: Path, start: int) -> Path:
    return path.with_name(f"{path.stem}.shards") / f"{start:09d}.jsonl"


def _finished(columns: Mapping[str, Column], records: Sequence[Record]) -> dict[str, Sequence[Scored]] | None:
    """The rows of each column's file, if all of them are there for these records; else None."""
    wanted, found = None, dict[str, Sequence[Scored]]()
    for name, column in columns.items():
        if not manifest_path(column.path).is_file():
            return None
        rows, manifest = read_scored(column.path)
        wanted = wanted or fingerprint(records)
        if manifest["scorer"] != column.scorer or manifest["data"] != wanted:
            return None
        found[name] = rows
    return found


def _scored(columns: Mapping[str, Column], score: ScoreColumns, records: Sequence[Record]) -> dict[str, list[Scored]]:
    rows: dict[str, list[Scored]] = {name: [] for name in columns}
    for _, by_column in zip(records, score(records), strict=True):
        for name in columns:
            rows[name].append(by_column[name])
    return rows


def _write(columns: Mapping[str, Column], rows: Mapping[str, Sequence[Scored]], records: Sequence[Record]) -> None:
    for name, column in columns.items():
        write_scored(column.path, rows[name], records, column.scorer, log_odds=column.log_odds)
