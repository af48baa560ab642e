"""The plots of several runs: accuracy along each axis, over two of them at once, and data sets side by side."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np

from rmexp.reports.drawing.numbers import MISSING
from rmexp.reports.drawing.svg import BLUE, GREEN, GREY, ORANGE, draw
from rmexp.reports.drawing.ticks import in_percent
from rmexp.reports.drawing.visible import one_line
from rmexp.runs.groups import Group

MOST_LINES = 60  # thin ones, of settings alike but for the axis
MOST_RUNS = 20  # of a line that are shown one by one
MOST_CELLS = 12  # of a heat map in either direction


def axis_plot(groups: Sequence[Group], axis: str, where: str) -> str:
    """Accuracy against one setting: a point for each run, a thin line for groups alike in all others, and the means."""
    values = ordered({_text(group.settings[axis]): group.settings[axis] for group in groups})
    places = {text: index for index, text in enumerate(values)}
    others: dict[str, list[Group]] = {}
    for group in groups:
        key = str({name: value for name, value in group.settings.items() if name != axis})
        others.setdefault(key, []).append(group)
    alone = len(others) == 1  # the lines of the means and of the groups are the same

    def paint(axes: Any) -> None:
        for line in [] if alone else list(others.values())[:MOST_LINES]:
            points = sorted((places[_text(group.settings[axis])], group.accuracy) for group in line)
            axes.plot(*zip(*points, strict=True), color=GREY, linewidth=0.7, alpha=0.6)
        for text, place in places.items():
            for group in (group for group in groups if _text(group.settings[axis]) == text):
                if group.low is not None and group.high is not None:
                    bar = {"color": BLUE, "linewidth": 1.4} if alone else {"color": GREY, "linewidth": 0.7}
                    axes.plot([place, place], [group.low, group.high], alpha=0.6, **bar)
                runs = group.accuracies if len(group.accuracies) <= MOST_RUNS else (group.accuracy,)
                beside = place + 0.08 if alone else place  # where the square of their mean hides none
                axes.plot([beside] * len(runs), runs, "o", color=GREY, markersize=3, zorder=3)
        means = [fmean(g.accuracy for g in groups if _text(g.settings[axis]) == text) for text in places]
        axes.plot(range(len(means)), means, "s-", color=BLUE, linewidth=1.8, markersize=5)
        axes.set_xlim(-0.3, len(places) - 0.7)
        axes.set_xticks(range(len(places)), [one_line(text, 14) for text in places])
        in_percent(axes.yaxis)
        bottom, top = axes.get_ylim()
        axes.set_ylim(top=min(top, 1 + 0.05 * (1 - bottom)))  # there is nothing above
        axes.set(xlabel=one_line(axis, 40), ylabel="accuracy")

    return draw(paint, f"Accuracy on {where} against {axis}", width=3.6, height=2.7)


def runs_plot(group: Group, where: str) -> str:
    """Accuracy of each of some runs that differ in their seed alone, their mean, and what bounds it."""

    def paint(axes: Any) -> None:
        if group.low is not None and group.high is not None:
            axes.plot([group.low, group.high], [0, 0], color=BLUE, linewidth=1.8)
        axes.plot([group.accuracy], [0], "s", color=BLUE, markersize=6, label="mean")
        axes.plot(group.accuracies, [-0.4] * len(group.accuracies), "o", color=GREY, markersize=4, label="runs")
        if group.longer is not None:
            axes.plot([group.longer], [0], "s", color=ORANGE, markerfacecolor="none", markersize=6, label="longer wins")
        if group.ceiling is not None:
            axes.plot([group.ceiling] * 2, [-0.5, 0.5], color=GREEN, linewidth=2.5, label="best possible")
        axes.set_yticks([])
        axes.set_ylim(-1, 1)
        in_percent(axes.xaxis)
        axes.set(xlabel="accuracy, 95 % interval")
        axes.figure.legend(loc="outside lower center", ncols=4)

    return draw(paint, f"Accuracy of each run on {where}", height=1.5)


def heat_plot(groups: Sequence[Group], first: str, second: str, where: str) -> str:
    """Mean accuracy for each pair of values of two settings, written into its cell."""
    rows = ordered({_text(group.settings[first]): group.settings[first] for group in groups})[:MOST_CELLS]
    columns = ordered({_text(group.settings[second]): group.settings[second] for group in groups})[:MOST_CELLS]
    values = np.full((len(rows), len(columns)), math.nan)
    for r, row in enumerate(rows):
        for c, column in enumerate(columns):
            here = [
                group.accuracy
                for group in groups
                if _text(group.settings[first]) == row and _text(group.settings[second]) == column
            ]
            values[r, c] = fmean(here) if here else math.nan

    def paint(axes: Any) -> None:
        low, high = np.nanmin(values), np.nanmax(values)
        shades = {"vmin": low - 0.3 * (high - low) - 1e-3, "vmax": high + 0.6 * (high - low) + 1e-3}
        # not imshow, which would put a picture into the page, and the page forbids pictures
        axes.pcolormesh(np.ma.masked_invalid(values), cmap="Blues", edgecolors="white", linewidth=1, **shades)
        axes.invert_yaxis()
        for r, c in np.ndindex(*values.shape):
            text = MISSING if math.isnan(values[r, c]) else f"{100 * values[r, c]:.1f}"
            best = values[r, c] == high
            axes.text(
                c + 0.5, r + 0.5, text, ha="center", va="center", weight="bold" if best else "normal", color="#1a1a1a"
            )
        axes.grid(False)
        axes.set_xticks(np.arange(len(columns)) + 0.5, [one_line(text, 12) for text in columns])
        axes.set_yticks(np.arange(len(rows)) + 0.5, [one_line(text, 14) for text in rows])
        axes.set(title="accuracy in %", xlabel=one_line(second, 40), ylabel=one_line(first, 40))

    height = 1.2 + 0.42 * len(rows)
    return draw(paint, f"Mean accuracy on {where} by {first} and {second}", width=3.6, height=height)


def data_plot(best: Sequence[Group]) -> str:
    """For each data set the best group's accuracy, what length alone gets and, where known, the ceiling."""
    places = np.arange(len(best))[::-1]
    first_bounded = next((group for group in best if group.ceiling is not None), None)

    def paint(axes: Any) -> None:
        axes.axvline(0.5, color=GREY, linewidth=1)
        for place, group in zip(places, best, strict=True):
            label = group is best[0]
            if group.low is not None and group.high is not None:
                axes.plot([group.low, group.high], [place, place], color=BLUE, linewidth=1.8)
            axes.plot([group.accuracy], [place], "o", color=BLUE, markersize=6, label="best runs" if label else None)
            if group.longer is not None:
                marker = {"markerfacecolor": "none", "markersize": 6}
                axes.plot([group.longer], [place], "s", color=ORANGE, label="longer wins" if label else None, **marker)
            if group.ceiling is not None:
                named = "best possible" if group is first_bounded else None
                axes.plot([group.ceiling] * 2, [place - 0.35, place + 0.35], color=GREEN, linewidth=2.5, label=named)
        axes.set_yticks(places, [one_line(group.place, 40) for group in best])
        axes.set_ylim(-0.6, len(best) - 0.4)
        axes.grid(False, axis="y")
        in_percent(axes.xaxis)
        axes.set(xlabel="accuracy, 95 % interval")
        axes.figure.legend(loc="outside lower center", ncols=3)

    return draw(paint, "Data sets side by side: accuracy and its ceiling", height=1.3 + 0.45 * len(best))


def ordered(values: Mapping[str, object]) -> list[str]:
    """Texts of values in the order of their numbers where all are numbers, else as they came."""
    numbers = {text: value for text, value in values.items() if isinstance(value, int | float)}
    if len(numbers) < len(values) or any(isinstance(value, bool) for value in numbers.values()):
        return list(values)
    return sorted(numbers, key=numbers.__getitem__)


def _text(value: Any) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)  # unequal values have unequal texts
