"""What was found about scorers on one test set, with the rows that files hold of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from rmexp.evaluation.figures import Figures, Row
from rmexp.evaluation.paired import Paired
from rmexp.evaluation.scores import Scores
from rmexp.evaluation.test_set import TestSet


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no single truth value
class Judgement:
    """Scorers on one test set.

    Attributes:
        test: that they were judged on.
        scores: of each scorer and rule by its name.
        figures: of each slice and, in it, of each scorer.
        paired: of each two scorers, and of each scorer with each rule, slice by slice.
        suite: what a public benchmark itself makes of the scores, by scorer; empty for other data.
    """

    test: TestSet
    scores: Mapping[str, Scores]
    figures: tuple[Figures, ...]
    paired: tuple[Paired, ...]
    suite: Mapping[str, Mapping[str, float | None]]

    @property
    def scorers(self) -> list[str]:
        """Names of those that are no rules."""
        return [name for name, one in self.scores.items() if not one.rule]

    @property
    def headline_scores(self) -> dict[str, Scores]:
        """The scores of each scorer and rule, without those of records that the headline leaves out."""
        inside = self.test.headline[:, None]
        return {name: replace(one, values=np.where(inside, one.values, np.nan)) for name, one in self.scores.items()}

    def of(self, scorer: str, part: str | None = None) -> Figures:
        """The figures of one scorer on one slice, all records by default.

        Raises:
            KeyError: there is no such scorer, or the slice has no records.
        """
        for one in self.figures:
            if (one.scorer, one.slice) == (scorer, part):
                return one
        raise KeyError(f"no figures of {scorer} on {part or 'all records'}")

    def between(self, first: str, second: str, part: str | None = None) -> Paired:
        """Two scorers on one slice, all records by default.

        Raises:
            KeyError: these two were not compared there.
        """
        for one in self.paired:
            if (one.first, one.second, one.slice) == (first, second, part):
                return one
        raise KeyError(f"{first} was not compared with {second} on {part or 'all records'}")

    def result_rows(self) -> list[Row]:
        """A row for each scorer and slice, as evaluation.json and summary.json hold it."""
        return [{"scorer": one.scorer, **self._place, **one.to_row()} for one in self.figures]

    def comparison_rows(self) -> list[Row]:
        """A row for each two scorers and slice."""
        return [{"first": one.first, "second": one.second, **self._place, **one.to_row()} for one in self.paired]

    def suite_rows(self) -> list[Row]:
        """A row for each scorer of a public benchmark."""
        return [{"scorer": name, **self._place, "figures": dict(found)} for name, found in self.suite.items()]

    @property
    def _place(self) -> Row:
        return {"data": self.test.data, "split": self.test.split}
