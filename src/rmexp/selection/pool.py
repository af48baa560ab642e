"""Pools of candidates: sampled from a policy shard by shard, so that an interrupted run goes on."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rmexp.encoding.rendering import rows_named
from rmexp.hardware.group import from_all, rank_and_count
from rmexp.jsonl import parse_row, write_rows
from rmexp.lines import read_lines
from rmexp.records import Candidates, Record, Scored
from rmexp.selection.policy import Policy, Sampled

log = logging.getLogger(__name__)

SHARD_RESPONSES = 4096  # sampled between two writes to disk: the most that an interruption costs


class Pool(NamedTuple):
    """Candidates of prompts, and what did not become one.

    Attributes:
        records: one a prompt that has candidates.
        empty: sampled responses that held nothing but white space; others were drawn in their place.
        without: prompts to which the policy said nothing, however often it was asked.
        cut: sampled responses that the limit ended.
    """

    records: list[Candidates]
    empty: int
    without: int
    cut: int


def distinct_prompts(records: Sequence[Record], most: int | None) -> list[Record]:
    """The first record of each prompt, in order, at most so many."""
    first: dict[object, Record] = {}
    for record in records:
        first.setdefault(record.prompt, record)
    return list(first.values())[:most]


class ScoredPool(NamedTuple):
    """Candidates that have a score.

    Attributes:
        records: those with such responses, of these alone.
        rows: their scores.
        unscored: responses that had none.
    """

    records: list[Candidates]
    rows: list[Scored]
    unscored: int


def scored_pool(records: Sequence[Candidates], rows: Sequence[Scored]) -> ScoredPool:
    """Leave out the responses without a score, and the prompts to which nothing is left.

    Raises:
        ValueError: no response has a score.
    """
    kept, scored = list[Candidates](), list[Scored]()
    for record, row in zip(records, rows, strict=True):
        indices = [index for index, score in enumerate(row.scores) if score is not None]
        if len(indices) == len(row.scores):
            kept.append(record)
            scored.append(row)
        elif indices:
            kept.append(record.of(indices))
            scored.append(row.of(indices))
    unscored = sum(row.unscored for row in rows)
    if not kept:
        raise ValueError(f"none of {unscored} responses was scored: all are too long (set data.max_tokens)")
    return ScoredPool(kept, scored, unscored)


def sampled_pool(policy: Policy, records: Sequence[Record], folder: Path) -> Pool:
    """Sample candidates for the prompts of records; what an earlier run has left in `folder` is not sampled again.

    Processes of a run that are connected sample some of the shards each.

    Args:
        policy: to sample from.
        records: of different prompts.
        folder: of shards, each whole or absent; for this policy and these records alone.

    Raises:
        ValueError: the policy says nothing to any prompt.
    """
    per_shard = max(1, SHARD_RESPONSES // policy.responses)
    rank, count = rank_and_count()
    for start in range(0, len(records), per_shard)[rank::count] if count > 1 else ():
        _shard(policy, records[start : start + per_shard], folder / f"{start:09d}.jsonl")
    from_all(None)  # all shards are there
    made: list[Candidates] = []
    empty = without = cut = 0
    for start in range(0, len(records), per_shard):
        some = records[start : start + per_shard]
        for record, sampled in zip(some, _shard(policy, some, folder / f"{start:09d}.jsonl"), strict=True):
            empty, cut = empty + sampled.empty, cut + sampled.cut
            if sampled.texts:
                meta = {"record": record.id}
                made.append(Candidates(record.prompt, sampled.texts, meta=meta, place=record.place))
            without += not sampled.texts
        if len(records) > per_shard:
            log.info("candidates of %d of %d prompts sampled", start + len(some), len(records))
    if not made:
        raise ValueError(f"{policy.path} gave nothing but empty responses to {len(records)} prompts (set candidates.*)")
    return Pool(made, empty, without, cut)


def _shard(policy: Policy, records: Sequence[Record], path: Path) -> list[Sampled]:
    if path.is_file():
        rows = (parse_row(path, number, line) for number, line in read_lines(path))
        return [Sampled(tuple(row["responses"]), row["empty"], row["cut"]) for row in rows]
    with rows_named(records):
        sampled = policy.sample([record.prompt for record in records])
    rows = (
        {"record": record.id, "responses": found.texts, "empty": found.empty, "cut": found.cut}
        for record, found in zip(records, sampled, strict=True)
    )
    write_rows(path, rows)
    return sampled
