"""How hard each pair is: by how strong its preference is where the data says so, else by what shallow features see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.records import Preference

BINS = ("easy", "medium", "hard")


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no single truth value
class Difficulty:
    """The bin of each pair.

    Attributes:
        by: what ease was measured by.
        ease: (N,) strength of the preference, or the baseline's margin towards the label; 0 for a tie.
        bins: (N,) names out of `BINS`.
        thresholds: a pair is hard up to the first and easy above the second: the terciles of the labelled pairs.
    """

    by: str
    ease: NDArray[np.float64]
    bins: tuple[str, ...]
    thresholds: tuple[float, float]

    def rows(self, records: Sequence[Preference]) -> list[dict[str, Any]]:
        """The lines of `difficulty.jsonl`: higher is harder."""
        values = zip(records, self.bins, self.ease.tolist(), strict=True)
        return [{"id": record.id, "bin": name, "difficulty": round(0.0 - ease, 6)} for record, name, ease in values]


def difficulty(records: Sequence[Preference], fields: Sequence[str], margins: NDArray[Any], by: str) -> Difficulty:
    """Put pairs into bins.

    Args:
        records: N pairs.
        fields: one field with the strength of the preference, such as `margin` or `meta.votes`, or two whose
            difference it is; where there are none, `margin` if every pair has one, then soft labels if there are any.
        margins: (N,) log-odds of a baseline that the first response is the better one, for data without strength.
        by: what that baseline looks at.

    Raises:
        ValueError: a field is missing or is not a number.
    """
    target = np.array([record.target for record in records])
    ease, source = _strength(records, fields, target)
    if ease is None:
        ease, source = np.where(target < 0.5, -margins, margins), f"margin of {by} towards the label"
    ease = np.where(target == 0.5, 0.0, ease)
    labelled = ease[target != 0.5] if (target != 0.5).any() else ease
    low, high = (float(np.quantile(labelled, share)) for share in (1 / 3, 2 / 3))
    hard = (ease <= low) | (target == 0.5)
    names = np.where(hard, "hard", np.where(ease > high, "easy", "medium"))
    return Difficulty(source, ease, tuple(names.tolist()), (low, high))


def _strength(
    records: Sequence[Preference], fields: Sequence[str], target: NDArray[Any]
) -> tuple[NDArray[np.float64] | None, str]:
    if fields:
        values = [np.array([_number(record, field) for record in records]) for field in fields[:2]]
        return np.abs(values[0] - (values[1] if len(values) > 1 else 0)), " - ".join(fields)
    if all(record.margin is not None for record in records):
        return np.array([abs(record.margin or 0.0) for record in records]), "margin"
    certainty = np.abs(2 * target - 1)
    if len(np.unique(certainty[target != 0.5])) > 1:
        return certainty, "target (distance from a tie)"
    return None, ""


def _number(record: Preference, field: str) -> float:
    value: Any = {"meta": record.meta, "margin": record.margin, "target": record.target}
    for part in field.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"record {record.id}: expected a number in {field}, got {value!r} (set strength)")
    return float(value)
