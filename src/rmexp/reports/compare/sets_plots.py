"""The plots about sets of pairs in a comparison: accuracy under shifts, and agreement while training."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rmexp.comparison.progress import ProgressPoint
from rmexp.reports.compare.content import ComparedSet
from rmexp.reports.drawing.svg import BLUE, GREEN, GREY, ORANGE, draw
from rmexp.reports.drawing.ticks import in_percent
from rmexp.reports.drawing.visible import one_line


def shifts_plot(sets: Sequence[ComparedSet]) -> str:
    """Accuracy of both rewards on each set, with intervals."""

    def paint(axes: Any) -> None:
        axes.axvline(0.5, color=GREY, linewidth=1)
        rows = np.arange(len(sets))[::-1]
        for reward, offset, marker, colour in (("explicit", 0.14, "o", BLUE), ("implicit", -0.14, "s", ORANGE)):
            shares = [getattr(one.slices[0], reward).accuracy for one in sets]
            values = np.array([share.value for share in shares])
            ends = np.array([(share.low, share.high) for share in shares], dtype=float)
            reach = np.nan_to_num(np.maximum(0, [values - ends[:, 0], ends[:, 1] - values]))
            axes.errorbar(
                values, rows + offset, xerr=reach, fmt=marker, color=colour, markersize=5, capsize=2, label=reward
            )
        in_percent(axes.xaxis)
        axes.set_yticks(rows, [one_line(one.name, 24) for one in sets])
        axes.set(title="pairs in the right order", xlabel="accuracy, 95 % interval")
        axes.figure.legend(loc="outside lower center", ncols=2)

    return draw(paint, "Accuracy of both rewards on held-out and shifted pairs", height=1.4 + 0.42 * len(sets))


def progress_plot(points: Sequence[ProgressPoint]) -> str:
    """Accuracy of both and their agreement against the share of training."""
    lines = (
        ("explicit_accuracy", "explicit right", "o-", BLUE),
        ("implicit_accuracy", "implicit right", "s--", ORANGE),
        ("same_order", "same order", "^:", GREEN),
    )

    def paint(axes: Any) -> None:
        axes.axhline(0.5, color=GREY, linewidth=1)
        x = [point.progress for point in points]
        for name, label, style, colour in lines:
            values = np.array([getattr(point, name) for point in points], dtype=float)
            axes.plot(x, values, style, color=colour, markersize=4.5, linewidth=1.3, label=label)
        for axis in (axes.xaxis, axes.yaxis):
            in_percent(axis)
        axes.set(title="while both are trained", xlabel="of the training", ylabel="validation pairs")
        axes.figure.legend(loc="outside lower center", ncols=3)

    return draw(paint, "Accuracy and agreement of both rewards while they are trained")
