"""The scorers that a configuration names: what they read, and their scores of a set of records, shard by shard."""

import hashlib
import logging
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf

from rmexp.config.definitions import class_constant
from rmexp.models.location import folder_fingerprint
from rmexp.records import Record, Scored, fingerprint
from rmexp.scoring.scored_file import manifest_path, read_scored, write_scored
from rmexp.scoring.scorer import Scorer

log = logging.getLogger(__name__)

MODEL = "model"  # what a scorer reads that may be an address


class ScoredSet(NamedTuple):
    """The scores of a set of records, and what this process did for them.

    Attributes:
        rows: in the records' order.
        computed: records that this process has scored itself.
        seconds: that it took.
        log_odds: what the scorer says of them.
    """

    rows: list[Scored]
    computed: int
    seconds: float
    log_odds: bool

    def account(self) -> dict[str, int]:
        """For summaries."""
        return {
            "records": len(self.rows),
            "responses": sum(len(row.scores) for row in self.rows),
            "truncated": sum(sum(row.truncated) for row in self.rows),
        }


def scorer_inputs(node: DictConfig, name: str = "") -> dict[str, str]:
    """Fingerprints of all that the scorers of a node read, by key, members of ensembles among them.

    Args:
        node: of the scorer group, or holding such nodes.
        name: what the keys start with.

    Raises:
        ValueError: a local path holds nothing that can be read.
    """
    found = list(_named(OmegaConf.to_container(node, resolve=True), name))
    for key, path, what in found:
        if what != MODEL and not Path(path).exists():
            place = key if name else f"scorer.{key}"
            raise ValueError(f"{path}: expected {what}, but there is none (set {place})")
    return {key: path_fingerprint(path) for key, path, _ in found}


def path_fingerprint(path: str) -> str:
    """Of a file, of the manifests in a folder of scored files, or of a model in a folder or at an address."""
    place = Path(path)
    files = [place] if place.is_file() else sorted(place.glob("*.manifest.json")) if place.is_dir() else []
    if not files:
        return folder_fingerprint(path)
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def score_set(scorer: Scorer, records: Sequence[Record], path: Path, shard_records: int) -> ScoredSet:
    """Score records and leave a scored file; what an earlier, interrupted run has scored is not scored again.

    Args:
        scorer: of any kind.
        records: to be scored.
        path: of the scored file; while it is made, shards lie in a folder beside it, each of them whole or absent.
        shard_records: records in a shard, which is the most that an interruption costs; no score depends on it.

    Raises:
        ValueError: there are fewer than one record a shard, or the scorer refuses the records.
    """
    if shard_records < 1:
        raise ValueError(f"`shard_records` must be at least 1, got {shard_records} (set shard_records)")
    if (rows := _done(path, scorer, records)) is not None:
        return ScoredSet(rows, 0, 0.0, scorer.log_odds)
    began, computed = time.perf_counter(), 0
    if scorer.stored:
        rows = scorer.score(records)
    else:
        rows, folder = [], path.with_name(f"{path.stem}.shards")
        for start in range(0, len(records), shard_records):
            shard, some = folder / f"{start:09d}.jsonl", records[start : start + shard_records]
            ready = _done(shard, scorer, some)
            if ready is None:
                ready = scorer.score(some)
                write_scored(shard, ready, some, scorer.describe(), log_odds=scorer.log_odds)
                computed += len(some)
            rows += ready
            if shard_records < len(records):
                log.info("%s: %d of %d records scored by %s", path.stem, len(rows), len(records), scorer.name)
    write_scored(path, rows, records, scorer.describe(), log_odds=scorer.log_odds)
    shutil.rmtree(path.with_name(f"{path.stem}.shards"), ignore_errors=True)
    return ScoredSet(rows, computed, time.perf_counter() - began, scorer.log_odds)


def _done(path: Path, scorer: Scorer, records: Sequence[Record]) -> list[Scored] | None:
    """The rows of a finished file of this scorer and these records; None where there is none."""
    if not manifest_path(path).is_file():
        return None
    rows, manifest = read_scored(path)
    same = manifest["scorer"] == scorer.describe() and manifest["data"] == fingerprint(records)
    return rows if same else None


def _named(content: Any, name: str) -> Iterator[tuple[str, str, str]]:
    """Key and path of all that scorers read, and what it is."""
    if isinstance(content, dict):
        reads = class_constant(content["_target_"], "reads") or {} if "_target_" in content else {}
        for key, value in content.items():
            inner = f"{name}.{key}" if name else str(key)
            if key in reads and isinstance(value, str):
                yield inner, value, reads[key]
            else:
                yield from _named(value, inner)
