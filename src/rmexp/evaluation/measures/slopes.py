"""What a scorer pays for length, for markdown and for standing first, beside what the label explains.

Shapes: N pairs, C columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from rmexp.metrics.preferred_side import is_tie, preferred_side


@dataclass(frozen=True, slots=True)
class Slope:
    """How the margin moves with one thing while the others stay.

    Attributes:
        value: rewards a unit.
        low: lower end of its 95 % interval, in which clusters are independent, not pairs; None where there are no more
            of them than columns.
        high: upper end.
        relative: `value` in standard deviations of the margin, to compare scorers of different scale; `value` itself
            where all margins are the same.
    """

    value: float
    low: float | None
    high: float | None
    relative: float


def reward_slopes(
    margin: ArrayLike, target: ArrayLike, characters: ArrayLike, markdown: ArrayLike, clusters: NDArray[Any]
) -> dict[str, Slope | None]:
    """Least squares of the margin on what the two responses differ in, with the label beside it.

    A scorer that prefers the longer of two responses only because it is the better one has a slope of 0.

    Args:
        margin: (N,) score of the response listed first minus that of the second.
        target: (N,) probability that the first is the better one.
        characters: (N, 2) length of both.
        markdown: (N, 2) markdown marks in both.
        clusters: (N,) numbers of what is independent.

    Returns:
        `length`, for each doubling of the characters; `markdown`, for each mark; `position`, for being listed first.
        One that cannot be told is None: nothing differs in it, or the preferred response is always listed first.
    """
    margins, targets = np.asarray(margin, dtype=np.float64), np.asarray(target)
    labels = np.where(is_tie(targets), 0.0, 1.0 - 2.0 * preferred_side(targets))
    first, second = np.log2(np.maximum(np.asarray(characters, dtype=np.float64), 1)).T
    marks = np.asarray(markdown, dtype=np.float64)
    columns = {"length": first - second, "markdown": marks[:, 0] - marks[:, 1], "label": labels}
    columns["position"] = np.ones_like(margins)
    found = least_squares(margins, {name: values for name, values in columns.items() if _says(name, values)}, clusters)
    told = "position" in found and "label" in found
    return {
        name: found.get(name) if name != "position" or told else None for name in ("length", "markdown", "position")
    }


def least_squares(
    outcome: NDArray[np.float64], columns: Mapping[str, NDArray[np.float64]], clusters: NDArray[Any]
) -> dict[str, Slope]:
    """Coefficients with intervals that take clusters as independent.

    Args:
        outcome: (N,) what is explained.
        columns: (N,) each, C of them; no constant is added.
        clusters: (N,) numbers.

    Returns:
        Nothing when the columns do not tell apart, or there are no more pairs than columns.

    Source: Liang and Zeger 1986; the correction for few clusters is that of Stata and statsmodels, G / (G - 1) times
        (N - 1) / (N - C), with the quantile of Student's t for G - 1.
    """
    design = np.stack([*columns.values()], axis=1) if columns else np.empty((len(outcome), 0))
    n, count = design.shape
    if n <= count or np.linalg.matrix_rank(design) < count:
        return {}
    inverse = np.linalg.inv(design.T @ design)
    values = inverse @ (design.T @ outcome)
    _, numbers = np.unique(clusters, return_inverse=True)
    groups = int(numbers.max()) + 1
    scores = design * (outcome - design @ values)[:, None]
    sums = np.stack([np.bincount(numbers, column, minlength=groups) for column in scores.T], axis=1)
    correction = groups / (groups - 1) * (n - 1) / (n - count) if groups > count else np.nan  # else of no full rank
    errors = np.sqrt(np.diag(inverse @ (sums.T @ sums) @ inverse) * correction)
    reach = errors * float(stdtrit(groups - 1, 0.975))
    spread = float(outcome.std()) if (outcome != outcome[0]).any() else 1.0
    return {
        name: Slope(value, *_bounds(value, width), value / spread)
        for name, value, width in zip(columns, values.tolist(), reach.tolist(), strict=True)
    }


def _says(name: str, values: NDArray[np.float64]) -> bool:
    """Whether a column can be told from the constant."""
    return bool(len(values)) and (name == "position" or bool((values != values[0]).any()))


def _bounds(value: float, width: float) -> tuple[float | None, float | None]:
    return (value - width, value + width) if np.isfinite(width) else (None, None)
