"""The summary of an evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from rmexp.runs.rows import Row


@dataclass(frozen=True, slots=True)
class EvaluateSummary:
    """Figures of scorers, as evaluation.json has them.

    Attributes:
        results: of each scorer, set and slice.
        comparisons: of each two scorers on each slice.
        seeds: of methods over their seeds.
        suites: what public benchmarks make of the scores.
        scorers: as they describe themselves, by name.
        bootstrap: its settings.
        records_per_second: None where all was scored before.
        seconds: of scoring and of the analysis.
    """

    verb: ClassVar[str] = "evaluate"

    results: tuple[Row, ...]
    comparisons: tuple[Row, ...]
    seeds: tuple[Row, ...]
    suites: tuple[Row, ...]
    scorers: Mapping[str, Mapping[str, object]]
    bootstrap: Mapping[str, object]
    records_per_second: float | None
    seconds: Mapping[str, float]
