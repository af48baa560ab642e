"""The explicit and the implicit reward side by side on one set of pairs, slice by slice: accuracy, calibration, order.

Shapes: N pairs.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.analysis.agreement import Agreement, agreement
from rmexp.analysis.evaluation import Row, evaluate_pairs
from rmexp.analysis.held_out import margins
from rmexp.analysis.orientation import pair_scores
from rmexp.analysis.pair_set import PairSet
from rmexp.analysis.usable_information import pair_nll

EXPLICIT, IMPLICIT = "explicit", "implicit"
_KEPT = (
    *("n", "label_ties", "accuracy", "accuracy_low", "accuracy_high", "accuracy_bootstrap_low"),
    *("accuracy_bootstrap_high", "tie_rate", "nll", "brier", "ece", "ece_if_calibrated", "temperature"),
    *("nll_at_temperature", "margin_mean"),
)


@dataclass(frozen=True, slots=True)
class ComparedSlice:
    """Both rewards on the pairs of one slice.

    Attributes:
        slice: its name, such as `difficulty=hard`; None for all pairs.
        explicit: figures of the reward model, see `evaluate_pairs`.
        implicit: the same of the policy's implicit reward.
        paired: the first against the second, see `Paired`; p-values also adjusted over the slices.
        agreement: in order, rank and correctness.
    """

    slice: str | None
    explicit: Row
    implicit: Row
    paired: Row
    agreement: Agreement

    def to_row(self) -> Row:
        """For summary.json."""
        return asdict(self)


def compare_pairs(
    pairs: PairSet, explicit: NDArray[Any], implicit: NDArray[Any], *, draws: int, seed: int
) -> list[ComparedSlice]:
    """Compare on every slice that has pairs, on all of them first.

    Args:
        pairs: with their slices.
        explicit: (N, 2) scores of the reward model.
        implicit: (N, 2) implicit rewards.
        draws: of the bootstrap over clusters.
        seed: of the draws.
    """
    found = evaluate_pairs(pairs, {EXPLICIT: explicit, IMPLICIT: implicit}, rules=(), draws=draws, seed=seed)
    result = []
    for comparison in found.comparisons:
        name = comparison["slice"]
        rows = {row["scorer"]: row for row in found.results if row["slice"] == name}
        kept = {scorer: {key: row[key] for key in _KEPT} for scorer, row in rows.items()}
        paired = {key: value for key, value in comparison.items() if key not in ("first", "second", "data", "split")}
        paired.pop("slice")
        inside = pairs.slices[name]
        both = agreement(explicit[inside], implicit[inside], pairs.target[inside])
        result.append(ComparedSlice(name, kept[EXPLICIT], kept[IMPLICIT], paired, both))
    return result


def nll_at(scores: NDArray[Any], target: NDArray[np.floating[Any]], temperature: float | None) -> float | None:
    """Log-loss of margins divided by a temperature that was fitted on other pairs; None where none was or none is.

    Args:
        scores: (N, 2).
        target: (N,) probability that the first response is the better one.
        temperature: > 0.
    """
    if temperature is None or not len(target):
        return None
    return float(pair_nll(margins(pair_scores(scores)) / temperature, target).mean())
