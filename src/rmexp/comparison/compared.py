"""The explicit and the implicit reward side by side on one set of pairs, slice by slice: accuracy, calibration, order.

Shapes: N pairs.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.comparison.agreement import Agreement, agreement
from rmexp.evaluation.figures import Figures, Row
from rmexp.evaluation.judge import judge
from rmexp.evaluation.measures.usable_information import pair_nll
from rmexp.evaluation.paired import Paired
from rmexp.evaluation.scores import Scores
from rmexp.evaluation.test_set import TestSet

EXPLICIT, IMPLICIT = "explicit", "implicit"
_KEPT = (
    *("n", "unscored", "label_ties", "clusters", "accuracy", "accuracy_low", "accuracy_high", "accuracy_bootstrap_low"),
    *("accuracy_bootstrap_high", "few", "tie_rate", "method", "nll", "brier", "ece", "ece_if_calibrated"),
    *("temperature", "nll_at_temperature", "margin_mean"),
)


@dataclass(frozen=True, slots=True)
class ComparedSlice:
    """Both rewards on the pairs of one slice.

    Attributes:
        slice: its name, such as `difficulty=hard`; None for all pairs.
        explicit: figures of the reward model.
        implicit: the same of the policy's implicit reward.
        paired: the first against the second; p-values also adjusted over the slices.
        agreement: in order, rank and correctness.
    """

    slice: str | None
    explicit: Figures
    implicit: Figures
    paired: Paired
    agreement: Agreement

    @property
    def temperatures(self) -> tuple[float | None, float | None]:
        """What the margins of the explicit and of the implicit reward must be divided by to be calibrated."""
        return temperature(self.explicit), temperature(self.implicit)

    def to_row(self) -> Row:
        """For summary.json."""
        figures = {one.scorer: one.to_row() for one in (self.explicit, self.implicit)}
        paired = self.paired.to_row()
        paired.pop("slice")
        return {
            "slice": self.slice,
            **{scorer: {key: row[key] for key in _KEPT} for scorer, row in figures.items()},
            "paired": paired,
            "agreement": asdict(self.agreement),
        }


def compare_pairs(test: TestSet, explicit: Scores, implicit: Scores) -> list[ComparedSlice]:
    """Compare on every slice that has pairs, on all of them first.

    Args:
        test: pairs, with their slices.
        explicit: of the reward model.
        implicit: of the policy.
    """
    judged = judge(test, {EXPLICIT: explicit, IMPLICIT: implicit})
    return [
        ComparedSlice(
            part,
            judged.of(EXPLICIT, part),
            judged.of(IMPLICIT, part),
            judged.between(EXPLICIT, IMPLICIT, part),
            _agreement(test, test.inside(part), explicit, implicit),
        )
        for part in dict.fromkeys(one.slice for one in judged.figures)
    ]


def temperature(figures: Figures) -> float | None:
    """Of one scorer's margins; None where none is best, or they are no log-odds."""
    return None if figures.probabilities is None else figures.probabilities.calibration.temperature


def nll_at(scores: Scores, target: NDArray[np.floating[Any]], temperature: float | None) -> float | None:
    """Log-loss of margins divided by a temperature that was fitted on other pairs; None where none was or none is.

    Args:
        scores: of N pairs.
        target: (N,) probability that the first response is the better one.
        temperature: > 0.
    """
    known = ~np.isnan(scores.margin)
    if temperature is None or not known.any():
        return None
    return float(pair_nll(scores.margin[known] / temperature, target[known]).mean())


def _agreement(test: TestSet, inside: NDArray[np.bool_], explicit: Scores, implicit: Scores) -> Agreement:
    both = inside & ~np.isnan(explicit.margin) & ~np.isnan(implicit.margin)
    return agreement(explicit.values[both], implicit.values[both], test.target[both], test.clusters[both])
