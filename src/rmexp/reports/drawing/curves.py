"""Curves out of the rows of a metrics.csv: cells may be empty, steps many."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Row = Mapping[str, str | float | None]  # of a metrics.csv; CSV gives text
Rows = Sequence[Row]


class Curve(NamedTuple):
    """One column against another, cells that are empty or not finite left out.

    Attributes:
        x: (P,) step or epoch of each point.
        values: (P,) the column.
        low: (P,) least value behind each point; the value itself unless thinned.
        high: (P,) greatest value behind each point.
        per_point: rows behind one point.
    """

    x: NDArray[np.float64]
    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    per_point: int = 1


class EpochRow(NamedTuple):
    """One epoch: the training columns averaged over its steps, the validation columns as last logged in it.

    Attributes:
        until: where it ends, in epochs: a whole number, or less of one in which training stopped or still is.
        step: last step in it.
        train_loss: None where nothing was logged, as for the others.
        train_accuracy: running average over the epoch, so of a model that still learns.
        val_loss: at the last validation.
        val_accuracy: at the last validation.
    """

    until: float
    step: int
    train_loss: float | None
    train_accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None


def cell(row: Row, column: str) -> float | None:
    """A cell as a finite number, or None: CSV gives text, and a column is empty in the rows that do not log it.

    >>> cell({"train/loss": "0.5", "val/loss": ""}, "train/loss"), cell({"val/loss": ""}, "val/loss")
    (0.5, None)
    """
    value = row.get(column)
    if value is None or value == "":
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def curve(rows: Rows, column: str, against: str = "step") -> Curve:
    """One column against `step` or `epoch`."""
    cells = ((cell(row, against), cell(row, column)) for row in rows)
    points = [(x, value) for x, value in cells if x is not None and value is not None]
    x, values = np.array(points, dtype=np.float64).reshape(-1, 2).T
    return Curve(x, values, values, values)


def thinned(full: Curve, points: int) -> Curve:
    """At most `points` points, each the mean over equally many rows, with the least and greatest of them."""
    per_point = math.ceil(len(full.x) / points) if len(full.x) else 1
    if per_point == 1:
        return full
    starts = np.arange(0, len(full.x), per_point)
    sizes = np.diff(np.append(starts, len(full.x)))
    return Curve(
        x=np.add.reduceat(full.x, starts) / sizes,
        values=np.add.reduceat(full.values, starts) / sizes,
        low=np.minimum.reduceat(full.values, starts),
        high=np.maximum.reduceat(full.values, starts),
        per_point=per_point,
    )


def epochs(rows: Rows) -> tuple[EpochRow, ...]:
    """One record an epoch; rows without an epoch are left out.

    The column `epoch` counts finished epochs with their fraction: 1.0 is the last step of the first.
    """
    by_epoch: dict[int, list[Row]] = {}
    for row in rows:
        if (finished := cell(row, "epoch")) is not None:
            by_epoch.setdefault(max(1, math.ceil(finished - 1e-6)), []).append(row)
    return tuple(_epoch(by_epoch[number]) for number in sorted(by_epoch))


def _epoch(rows: Rows) -> EpochRow:
    def logged(column: str) -> list[float]:
        return [value for row in rows if (value := cell(row, column)) is not None]

    def mean(column: str) -> float | None:
        return float(np.mean(values)) if (values := logged(column)) else None

    def last(column: str) -> float | None:
        return values[-1] if (values := logged(column)) else None

    return EpochRow(
        until=round(max(logged("epoch")), 4),
        step=int(max(logged("step"), default=0)),
        train_loss=mean("train/loss"),
        train_accuracy=mean("train/accuracy"),
        val_loss=last("val/loss"),
        val_accuracy=last("val/accuracy"),
    )
