"""How hard each pair is: by how strong its preference is where the data says so, else by what shallow features see."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rmexp.data.record_field import record_field
from rmexp.jsonl import describe
from rmexp.metrics.preferred_side import is_tie, preferred_side
from rmexp.records import Preference
from rmexp.stored_records import labels_of

BINS = ("easy", "medium", "hard")


class DifficultyLine(NamedTuple):
    """How hard one pair is, in a file.

    Attributes:
        id: of the record.
        bin: out of `BINS`.
        difficulty: higher is harder.
    """

    id: str
    bin: str
    difficulty: float


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no single truth value
class Difficulty:
    """The bin of each pair.

    Attributes:
        by: what ease was measured by.
        of_baseline: whether that is a baseline's margin towards the label, for want of a strength of its own.
        ease: (N,) strength of the preference, or the baseline's margin towards the label; 0 for a tie.
        bins: (N,) names out of `BINS`.
        thresholds: a pair is hard up to the first and easy from the second on; None where no pair is. The bins are
            thirds of the labelled pairs, but pairs of equal ease are in one bin, that of their mean rank.
    """

    by: str
    of_baseline: bool
    ease: NDArray[np.float64]
    bins: tuple[str, ...]
    thresholds: tuple[float | None, float | None]

    def lines(self, records: Sequence[Preference]) -> list[DifficultyLine]:
        """The lines of `difficulty.jsonl`."""
        values = zip(records, self.bins, self.ease.tolist(), strict=True)
        return [DifficultyLine(record.id, name, round(0.0 - ease, 6)) for record, name, ease in values]


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
    target = labels_of(records).target
    ease, source = strength(records, fields)
    of_baseline = ease is None
    if ease is None:
        ease, source = np.where(preferred_side(target), -margins, margins), f"margin of {by} towards the label"
    ease, labelled = np.where(is_tie(target), 0.0, ease), ~is_tie(target)
    names = bins_of(ease, labelled)
    inside = (labelled & (np.array(names) == name) for name in ("hard", "easy"))
    hardest, easiest = (_border(ease[kept], end) for kept, end in zip(inside, ("max", "min"), strict=True))
    return Difficulty(source, of_baseline, ease, names, (hardest, easiest))


def bins_of(ease: NDArray[np.float64], labelled: NDArray[np.bool_]) -> tuple[str, ...]:
    """N names out of `BINS`: thirds of the labelled pairs; ties are hard.

    Args:
        ease: (N,) the larger, the easier.
        labelled: (N,) whether a pair has a preference.

    >>> bins_of(np.array([0.1, 0.9, 0.5]), np.array([True, True, True]))
    ('hard', 'easy', 'medium')
    """
    ranks = np.full(len(ease), 0.0)
    ranks[labelled] = _mid_ranks(ease[labelled])
    names = np.where(ranks < 1 / 3, "hard", np.where(ranks > 2 / 3, "easy", "medium"))
    return tuple(names.tolist())


def _mid_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the values below each one, equal ones counting one half: equal values never part."""
    inside = np.sort(values)
    below, upto = (np.searchsorted(inside, values, side=side) for side in ("left", "right"))
    shares: NDArray[np.float64] = (below + upto) / (2 * max(1, len(values)))
    return shares


def _border(values: NDArray[np.float64], end: str) -> float | None:
    return float(getattr(values, end)()) if len(values) else None


def strength(records: Sequence[Preference], fields: Sequence[str] = ()) -> tuple[NDArray[np.float64] | None, str]:
    """(N,) how strong each preference is, and what says so; None and nothing where the data does not say it.

    Args:
        records: N pairs.
        fields: see `difficulty`.

    Raises:
        ValueError: a field is missing or is not a number.
    """
    if fields:
        values = [np.array([_number(record, field) for record in records]) for field in fields[:2]]
        return np.abs(values[0] - (values[1] if len(values) > 1 else 0)), " - ".join(fields)
    target, margin = labels_of(records)
    if not np.isnan(margin).any():
        return np.abs(margin), "margin"
    certainty = np.abs(2 * target - 1).round(9)  # 0.8 and 0.2 are as far from a tie, but not in floating point
    if len(np.unique(certainty[~is_tie(target)])) > 1:
        return certainty, "target (distance from a tie)"
    return None, ""


def _number(record: Preference, field: str) -> float:
    value = record_field(record, field, "strength")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"record {record.id}: expected a number in {field}, got {describe(value)} (set strength)")
    return float(value)
