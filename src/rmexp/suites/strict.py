"""The rule of most benchmarks: a pair counts only where the better response scores strictly higher."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rmexp.metrics.preferred_side import is_tie, preferred_side
from rmexp.records import Preference, Record


def strictly_right(records: Sequence[Record], scores: Sequence[Sequence[float]]) -> NDArray[np.bool_]:
    """(N,) whether the better response of each pair scores strictly higher; False where the label is a tie."""
    values = np.asarray(scores, dtype=np.float32).reshape(-1, 2)  # also of no pairs
    target = np.array([record.target if isinstance(record, Preference) else 0.5 for record in records])
    first, second = values[:, 0] > values[:, 1], values[:, 0] < values[:, 1]
    right: NDArray[np.bool_] = ~is_tie(target) & np.where(preferred_side(target), second, first)
    return right


def share_by(names: Iterable[str], right: NDArray[np.bool_]) -> dict[str, float]:
    """Share of the pairs that are right under each name, in the order of their first pair."""
    array = np.array(list(names))
    return {name: float(right[array == name].mean()) for name in dict.fromkeys(array.tolist())}


def mean_of(figures: Mapping[str, float | None], parts: Iterable[str]) -> float | None:
    """Mean over parts, each of them counting as much; None where one is missing."""
    values = [figures.get(part) for part in parts]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known and len(known) == len(values) else None
