"""Scorers that are one method trained with several seeds, method by method, and the methods against each other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from rmexp.evaluation.figures import Figures
from rmexp.runs.rows import FLAT, IF_KNOWN
from rmexp.runs.summaries.result import Result
from rmexp.statistics.seeds import SeedDifference, Seeds, over_seeds, seed_difference

FIGURES: Mapping[str, Callable[[Figures], float | None]] = {
    "accuracy": lambda figures: figures.accuracy.value,
    "nll": lambda figures: None if figures.probabilities is None else figures.probabilities.nll.value,
}


@dataclass(frozen=True, slots=True)
class MethodFigure:
    """One figure of a method over its seeds on one slice of one set, or that of one method minus another's.

    Attributes:
        data: name of the data set.
        split: of it.
        slice: of the split; None for all of it.
        figure: a key of `FIGURES`.
        method: its name.
        against: the other method; None where there is none.
        scorers: the seeds of a method by itself.
        seeds: the figure over them.
        welch: the difference of two methods.
    """

    data: str
    split: str
    slice: str | None
    figure: str
    method: str
    against: str | None
    scorers: tuple[str, ...] | None = field(default=None, metadata=IF_KNOWN)
    seeds: Seeds | None = field(default=None, metadata=FLAT)
    welch: SeedDifference | None = field(default=None, metadata=FLAT)


def seed_rows(
    results: Sequence[Result], groups: Mapping[str, Sequence[str]], scorers: Sequence[str]
) -> list[MethodFigure]:
    """Mean and spread of each method, and the test of each two, on every slice and for every figure.

    Args:
        results: figures of scorers.
        groups: names of the scorers of each method.
        scorers: that there are.

    Raises:
        ValueError: a group names no scorers, or one that there is not.
    """
    check_groups(groups, scorers)
    places: dict[tuple[str, str, str | None], dict[str, Figures]] = {}
    for row in results:
        places.setdefault((row.data, row.split, row.figures.slice), {})[row.scorer] = row.figures
    return [
        row
        for place, by_scorer in places.items()
        for figure in FIGURES
        for row in _methods(place, figure, by_scorer, groups)
    ]


def _methods(
    place: tuple[str, str, str | None],
    figure: str,
    by_scorer: Mapping[str, Figures],
    groups: Mapping[str, Sequence[str]],
) -> Iterator[MethodFigure]:
    """Of the methods whose every seed has the figure."""
    known: dict[str, list[float]] = {}
    for group, names in groups.items():
        values = [FIGURES[figure](by_scorer[name]) for name in names]
        found = [value for value in values if value is not None]
        if len(found) == len(values):
            known[group] = found
            yield MethodFigure(*place, figure, group, None, scorers=tuple(names), seeds=over_seeds(found))
    for first, second in combinations(known, 2):
        yield MethodFigure(*place, figure, first, second, welch=seed_difference(known[first], known[second]))


def check_groups(groups: Mapping[str, object], scorers: Sequence[str]) -> None:
    """Refuse groups that are no lists of names of scorers.

    Raises:
        ValueError: naming group and scorers.
    """
    for group, names in groups.items():
        if not isinstance(names, list) or not names:
            raise ValueError(f"seeds.{group} must be a list of names of scorers, got {names}")
        unknown = [name for name in names if name not in scorers]
        if unknown:
            raise ValueError(
                f"seeds.{group} names {', '.join(map(str, unknown))}, but the scorers are {', '.join(scorers)}"
            )
