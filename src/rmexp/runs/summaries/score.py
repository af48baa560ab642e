"""The summary of scoring a data set."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from rmexp.runs.rows import FLAT
from rmexp.runs.summaries.seen import Seen
from rmexp.scored import ResponseCounts


@dataclass(frozen=True, slots=True)
class DataRead:
    """The data that was scored.

    Attributes:
        name: of it.
        fingerprint: of its content.
    """

    name: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class ScoredCounts:
    """What is in a scored file.

    Attributes:
        counts: of its rows.
        seen: records that the scorer's model had seen before.
    """

    counts: ResponseCounts = field(metadata=FLAT)
    seen: Seen = field(default=Seen(), metadata=FLAT)


@dataclass(frozen=True, slots=True)
class ScoreSummary:
    """What was scored.

    Attributes:
        scorer: as it describes itself.
        data: that was scored.
        files: counts of each scored file, by the split that it holds.
        bad_rows: malformed rows that were left out.
        seconds: of scoring.
        records_per_second: None where nothing was left to score.
    """

    verb: ClassVar[str] = "score"

    scorer: Mapping[str, object]
    data: DataRead
    files: Mapping[str, ScoredCounts]
    bad_rows: int
    seconds: float
    records_per_second: float | None
