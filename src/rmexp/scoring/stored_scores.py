"""Scores that an earlier run has left on disk, as a scorer: for analysis without a model."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from rmexp.data.described import fingerprint
from rmexp.data.loading import Limits
from rmexp.data.rules import LEARNT
from rmexp.jsonl import JsonObject
from rmexp.records import Record, Scored
from rmexp.scoring.scored_file import manifest_path, read_scored

WHAT = "a scored file or a folder of such files"
MOST_NAMED = 3  # folders in a message


class StoredScores:
    """Looks scores up in scored files.

    Args:
        name: of the scorer, for files and tables; None takes that of the scorer that made them.
        path: scored file, or a folder of scored files of one scorer, among which the data's fingerprint chooses.
        limits: not used; nothing is encoded.
        threads: not used.
        key: of the configuration that names the path, for messages.

    Raises:
        ValueError: there are no scored files, or those of several scorers.
    """

    reads: ClassVar[Mapping[str, str]] = {"path": "a scored file or a folder of such files"}  # which is `WHAT`
    stored = True
    tokenizer = None

    def __init__(
        self,
        name: str | None,
        path: str,
        *,
        limits: Limits | None = None,
        threads: int | None = None,
        key: str = "scorer.path",
    ) -> None:
        self.path, self._key = path, key
        self._manifests = {file: _manifest(file) for file in scored_files(Path(path), key)}
        scorers = [manifest["scorer"] for manifest in self._manifests.values()]
        self.made_by: JsonObject = scorers[0]
        other = next((scorer for scorer in scorers if scorer != self.made_by), None)
        if other is not None:
            raise ValueError(
                f"{path} has scores of several scorers, {_known(self.made_by)} and {_known(other)}; name one file "
                f"(set {key})"
            )
        self.name = name or str(self.made_by.get("name", "scored_file"))
        self.fingerprint = str(self.made_by.get("fingerprint", ""))
        said = [manifest["log_odds"] for manifest in self._manifests.values() if "log_odds" in manifest]
        self.log_odds = bool(said[0]) if said else _log_odds_of(self.made_by)

    def score(self, records: Sequence[Record]) -> Iterator[Scored]:
        """The stored scores of exactly these records.

        Raises:
            ValueError: no file is of these records; the fingerprints of both are named.
        """
        wanted = fingerprint(records)
        for file, manifest in self._manifests.items():
            if manifest["data"] == wanted:
                return iter(_of(records, read_scored(file)[0], file))
        there = ", ".join(sorted({str(manifest["data"]) for manifest in self._manifests.values()}))
        raise ValueError(
            f"{self.path} has scores of the data {there}, but these {len(records)} records are the data {wanted} "
            f"(set {self._key}, or score this data)"
        )

    def describe(self) -> JsonObject:
        """What the scorer that made the scores said of itself, under this one's name."""
        return {**self.made_by, "name": self.name}


def scored_files(path: Path, key: str, what: str = WHAT) -> list[Path]:
    """A scored file, or those in a folder.

    Args:
        path: of either.
        key: of the configuration that names the path, for messages.
        what: words for it, likewise.

    Raises:
        ValueError: there are none; the nearest folders below that have some are named.
    """
    if path.is_file():
        return [path]
    found = _scored_in(path)
    if not found:
        came = "there are no scored files with their manifests in it" if path.is_dir() else "there is none"
        below = [str(folder) for folder in sorted({*path.glob("*/"), *path.glob("*/*/")}) if _scored_in(folder)]
        hint = f"; there are some in {', '.join(below[:MOST_NAMED])}" if below else ""
        raise ValueError(f"{path}: expected {what}, but {came}{hint} (set {key})")
    return found


def _scored_in(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.glob("*.jsonl*")) if manifest_path(file).is_file()]


def _manifest(file: Path) -> JsonObject:
    place = manifest_path(file)
    if not place.is_file():
        raise ValueError(f"{file}: its manifest {place.name} is missing; score the records again")
    try:
        content: JsonObject = json.loads(place.read_text(encoding="utf-8"))
        if not isinstance(content["scorer"], dict) or not isinstance(content["data"], str):
            raise TypeError
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{place}: expected a manifest with a `scorer` and the fingerprint of its `data`") from error
    return content


def _log_odds_of(scorer: JsonObject) -> bool:
    """What a scorer would have said of its scores, where its manifest is older than that."""
    match scorer.get("kind"):
        case "baseline":
            return scorer.get("rule") in LEARNT
        case "centred":
            return bool(scorer.get("scale") == 1.0)
        case "implicit":  # it does not say which reduction the policy was trained with; most are with the sum
            return scorer.get("reduction") == "response_sum"
        case "ensemble":
            return scorer.get("reduction") == "mean" and all(map(_log_odds_of, scorer.get("members", {}).values()))
        case _:
            return True


def _of(records: Sequence[Record], rows: Sequence[Scored], file: Path) -> Sequence[Scored]:
    for record, row in zip(records, rows, strict=True):
        if record.id != row.id or len(record.responses) != len(row.scores):
            raise ValueError(
                f"{file}: expected {len(record.responses)} scores of the record {record.id}, "
                f"got {len(row.scores)} of {row.id}; score the records again"
            )
    return rows


def _known(scorer: JsonObject) -> str:
    return f"{scorer.get('name')} ({scorer.get('fingerprint')})"
