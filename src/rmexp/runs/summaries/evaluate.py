"""The summary of an evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from rmexp.evaluation.judgement import Judgement
from rmexp.evaluation.paired import Paired
from rmexp.runs.rows import FLAT
from rmexp.runs.summaries.read import ReadBy
from rmexp.runs.summaries.result import Result
from rmexp.runs.summaries.seed_groups import MethodFigure
from rmexp.runs.summaries.seen import SeenBy


@dataclass(frozen=True, slots=True)
class Difference:
    """Two scorers on one slice of one set.

    Attributes:
        first: name of the one.
        second: of the other.
        data: name of the data set.
        split: of it.
        paired: the first against the second.
    """

    first: str
    second: str
    data: str
    split: str
    paired: Paired = field(metadata=FLAT)


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """What a public benchmark makes of one scorer.

    Attributes:
        scorer: its name.
        data: name of the benchmark.
        split: of it.
        figures: by the benchmark's own names.
    """

    scorer: str
    data: str
    split: str
    figures: Mapping[str, float | None]


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
        seen: how much of each set the model of each scorer had seen before.
        notes: the same in words, as far as something was seen.
        read: of each set by each scorer that reads tokens.
    """

    verb: ClassVar[str] = "evaluate"

    results: tuple[Result, ...]
    comparisons: tuple[Difference, ...]
    seeds: tuple[MethodFigure, ...]
    suites: tuple[SuiteResult, ...]
    scorers: Mapping[str, Mapping[str, object]]
    bootstrap: Mapping[str, object]
    records_per_second: float | None
    seconds: Mapping[str, float]
    seen: tuple[SeenBy, ...] = ()
    notes: tuple[str, ...] = ()
    read: tuple[ReadBy, ...] = ()


def results_of(judgement: Judgement) -> list[Result]:
    """The figures of a judgement, with the set that they are of."""
    test = judgement.test
    return [Result(one.scorer, test.data, test.split, one) for one in judgement.figures]


def differences_of(judgement: Judgement) -> list[Difference]:
    """The paired tests of a judgement, with the set that they are of."""
    test = judgement.test
    return [Difference(one.first, one.second, test.data, test.split, one) for one in judgement.paired]


def suites_of(judgement: Judgement) -> list[SuiteResult]:
    """What a public benchmark makes of the scorers of a judgement; none for other data."""
    test = judgement.test
    return [SuiteResult(name, test.data, test.split, dict(found)) for name, found in judgement.suite.items()]
