"""Records that several processes score together: each of them some of the shards, and the first one joins these.

What is left has the same bytes, however many they are.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rmexp.hardware.processes import this_process
from rmexp.records import Record
from rmexp.scoring.scorer import Scorer
from rmexp.scoring.store import (
    Column,
    ScoreColumns,
    ScoredSet,
    are_scored,
    is_scored,
    score_columns_into,
    score_into,
)

Share = tuple[int, int] | None


def score_together(path: Path, scorer: Scorer, records: Sequence[Record], *, shard_records: int) -> ScoredSet:
    """What `score_into` does, by all processes of a run.

    Args:
        path: of the scored file, on a file system that all processes see.
        scorer: of any kind, the same in all.
        records: to be scored, the same in all.
        shard_records: records in a shard; a process scores every n-th shard.

    Returns:
        The rows, in all processes, with the number of records that they have scored altogether.

    Raises:
        ValueError: see `score_into`.
    """

    def score(share: Share) -> dict[str, ScoredSet]:
        return {"": score_into(path, scorer, records, shard_records=shard_records, share=share)}

    return _together(score, lambda: scorer.stored or is_scored(path, scorer, records))[""]


def score_columns_together(
    columns: Mapping[str, Column], score: ScoreColumns, records: Sequence[Record], *, shard_records: int
) -> dict[str, ScoredSet]:
    """What `score_columns_into` does, by all processes of a run.

    Args:
        columns: by name, their files on a file system that all processes see.
        score: of records: the row of each column, record by record.
        records: to be scored, the same in all.
        shard_records: records in a shard; a process scores every n-th shard.

    Returns:
        The rows of each column, in all processes, with the number of records that they have scored altogether.

    Raises:
        ValueError: see `score_columns_into`.
    """

    def part(share: Share) -> dict[str, ScoredSet]:
        return score_columns_into(columns, score, records, shard_records=shard_records, share=share)

    return _together(part, lambda: are_scored(columns, records))


def _together(score: Callable[[Share], dict[str, ScoredSet]], done: Callable[[], bool]) -> dict[str, ScoredSet]:
    """Score the shares side by side, then all of it, which finds them.

    Args:
        score: the columns of a share, or of all records.
        done: whether there is nothing to be shared.
    """
    if this_process().count == 1:  # which needs no torch
        return score(None)
    from rmexp.hardware.group import from_all, from_first, rank_and_count

    (rank, count), computed, seconds = rank_and_count(), 0, 0.0
    if count > 1 and not from_first(rank == 0 and done()):
        own = next(iter(score((rank, count)).values()))
        shares = from_all((own.computed, own.seconds))
        computed, seconds = sum(each for each, _ in shares), max(each for _, each in shares)
    if rank == 0:
        joined = score(None)
    from_first(None)  # the file is there
    if rank:
        joined = score(None)
    return {
        name: one._replace(computed=computed + one.computed, seconds=seconds + one.seconds)
        for name, one in joined.items()
    }
