"""What a source gives: records in named splits and sets, and an account of the rows that were left out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rmexp.records import Candidates, Preference, Record

# What a public benchmark itself makes of scores: from its records and the scores of their responses to named figures,
# `score` among them; None where its parts are not all there.
Aggregate = Callable[[Sequence[Record], Sequence[Sequence[float]]], Mapping[str, float | None]]
_LOOKED_AT = 100  # records of a split, which tell what it holds


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row that was read and left out, as data.on_bad_row=skip asks for.

    Attributes:
        path: file or data set it stands in.
        line: its number there, from 1.
        kind: `empty` response, `identical` sides, or `malformed`.
        problem: what was expected and what came.
        row: its start, as it was read.
        unit: what the number counts, `line` or, where there are none, `row`.
    """

    path: str
    line: int
    kind: str
    problem: str
    row: str = ""
    unit: str = "line"


@dataclass(frozen=True, slots=True)
class PreferenceData:
    """What a source gives: named splits of pairs or of demonstrations, and named sets of candidates.

    Attributes:
        splits: of pairs: either `{"all": ...}`, to be split later, or splits of the data's own, `train` and `val` among
            them; every further split (`unseen`, `test`) is for evaluation.
        candidates: sets for evaluation only.
        demonstrations: splits, likewise, of prompts with the one response that a language model should learn to give;
            a source has either these or pairs.
        bad_rows: rows that were read and left out because they were malformed.
        origins: repositories that it was fetched from, each with `@` and its commit.
        aggregate: of a public benchmark, how it sums itself up; None for other data.
        parts: of a mixture, the names of the data sets in it; `meta.source` of each pair says which one it is from.
    """

    splits: Mapping[str, Sequence[Preference]]
    candidates: Mapping[str, Sequence[Candidates]] = field(default_factory=dict)
    bad_rows: tuple[SkippedRow, ...] = ()
    demonstrations: Mapping[str, Sequence[Candidates]] = field(default_factory=dict)
    origins: tuple[str, ...] = ()
    aggregate: Aggregate | None = None
    parts: tuple[str, ...] = ()

    def sets(self) -> dict[str, Sequence[Record]]:
        """Splits and candidate sets alike, by name."""
        return {**self.splits, **self.demonstrations, **self.candidates}


def checked_data(given: Any, source: str) -> PreferenceData:
    """What a source gives.

    Args:
        given: by it.
        source: its dotted name, for messages.

    Raises:
        ValueError: that is something else, or holds anything but records.
    """
    name = f"{source.rpartition('.')[2]}()"
    if not isinstance(given, PreferenceData):
        raise ValueError(f"{name} must give PreferenceData, got {_came(given)} (set data)")
    for kind, holds in (("splits", Preference), ("candidates", Candidates), ("demonstrations", Candidates)):
        for split, records in getattr(given, kind).items():
            if not isinstance(records, Sequence):
                raise ValueError(f"{name} must give {kind} as lists, got {_came(records)} as `{split}` (set data)")
            looked_at = records[:_LOOKED_AT] if isinstance(records, list | tuple) else ()  # others lie in files of ours
            wrong = next((record for record in looked_at if not isinstance(record, holds)), None)
            if wrong is not None:
                expected = f"{kind} of {holds.__name__}"
                raise ValueError(f"{name} must give {expected}, got {_came(wrong)} in `{split}` (set data)")
    return given


def _came(value: Any) -> str:
    return "nothing" if value is None else type(value).__name__
