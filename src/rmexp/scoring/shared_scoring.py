"""Records that several processes score together: each of them some of the shards, and the first one joins these."""

from collections.abc import Sequence
from pathlib import Path

from rmexp.hardware.processes import this_process
from rmexp.records import Record
from rmexp.scoring.scorer import Scorer
from rmexp.scoring.store import ScoredSet, is_scored, score_into


def score_together(path: Path, scorer: Scorer, records: Sequence[Record], *, shard_records: int) -> ScoredSet:
    """What `score_into` does, by all processes of a run; the file has the same bytes, however many they are.

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
    if this_process().count == 1:  # which needs no torch
        return score_into(path, scorer, records, shard_records=shard_records)
    from rmexp.hardware.group import from_all, from_first, rank_and_count

    (rank, count), computed, seconds = rank_and_count(), 0, 0.0
    if count > 1 and not scorer.stored and not from_first(rank == 0 and is_scored(path, scorer, records)):
        own = score_into(path, scorer, records, shard_records=shard_records, share=(rank, count))
        done = from_all((own.computed, own.seconds))
        computed, seconds = sum(each for each, _ in done), max(each for _, each in done)
    if rank == 0:
        joined = score_into(path, scorer, records, shard_records=shard_records)
    from_first(None)  # the file is there
    if rank:
        joined = score_into(path, scorer, records, shard_records=shard_records)
    return joined._replace(computed=computed + joined.computed, seconds=seconds + joined.seconds)
