"""The plots of an evaluation: scores of several scorers on one set of pairs in, `<svg>` out.

Shapes: N pairs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.evaluation.measures.calibration import Bin, reliability
from rmexp.evaluation.measures.margins import towards_label
from rmexp.evaluation.scores import Scores
from rmexp.evaluation.test_set import TestSet
from rmexp.metrics.preferred_side import preferred_side
from rmexp.reports.drawing.svg import BLUE, GREEN, GREY, ORANGE, draw
from rmexp.reports.drawing.ticks import in_percent
from rmexp.reports.drawing.visible import one_line
from rmexp.statistics.shares import clustered_share

STYLES = ((BLUE, "o", "-"), (ORANGE, "s", "--"), (GREEN, "D", "-."), (GREY, "^", ":"))
LENGTH_EDGES = (-np.inf, -1.0, -0.5, -0.15, 0.15, 0.5, 1.0, np.inf)  # doublings of the better response's length
LENGTH_NAMES = ("< 1/2", "to 0.7", "to 0.9", "alike", "to 1.4", "to 2", "> 2")
BARS = "Bars: two standard deviations to either side of where a calibrated scorer has its points, of independent pairs."
FEWEST = 5  # pairs of a point in the colour of its scorer; that of fewer is small and grey


def reliability_plot(test: TestSet, scores: Mapping[str, Scores]) -> str | None:
    """Accuracy against confidence in bins; see `BARS` for what stands around the ideal line."""
    return drawn_reliability(_margins(test, scores), f"Reliability on {test.title}")


def in_small_bins(test: TestSet, scores: Mapping[str, Scores]) -> str:
    """What the caption says of the grey points of `reliability_plot`; empty where there are none."""
    return small_bins(_margins(test, scores))


def small_bins(margins: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]) -> str:
    """The same of margins and targets by name."""
    return _said_of_grey("bins", {name: [b.n for b in _bins(*both)] for name, both in margins.items()})


def drawn_reliability(
    margins: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]], title: str, **size: float
) -> str | None:
    """The same of margins and targets by name; None where no bin has a pair.

    Args:
        margins: (N,) of each scorer, with (N,) targets.
        title: of the plot for those who hear it.
        size: in inches, see `draw`.
    """
    found = {name: _points(_bins(*both)) for name, both in margins.items()}
    if not any(map(len, found.values())):
        return None
    lowest: list[float] = []

    def paint(axes: Any) -> None:
        axes.plot([0.5, 1], [0.5, 1], color=GREY, linewidth=1)
        for (name, bins), (colour, marker, line) in zip(found.items(), STYLES, strict=False):
            x, y, error, _ = bins[bins[:, 3] >= FEWEST].T
            _grey_points(axes, bins[bins[:, 3] < FEWEST][:, [0, 1, 3]], marker)
            around = np.minimum(2 * error, [x, 1 - x])
            axes.errorbar(x, x, yerr=around, color=colour, linestyle="none", elinewidth=0.8, capsize=2, alpha=0.7)
            axes.plot(
                x, y, color=colour, marker=marker, linestyle=line, markersize=4, linewidth=1.2, label=one_line(name, 24)
            )
            lowest.extend([*bins[:, 1], *(x - around[0])])
        axes.set_xlim(0.49, 1.01)
        axes.set_ylim(min(0.38, min(lowest) - 0.04), 1.03)
        for axis in (axes.xaxis, axes.yaxis):
            in_percent(axis)
        axes.set(title="Reliability", xlabel="confidence", ylabel="pairs in the right order")
        axes.figure.legend(loc="outside lower center", ncols=2)

    return draw(paint, title, **size)


def margin_plot(test: TestSet, scores: Mapping[str, Scores]) -> str | None:
    """Histogram of the margins towards the label, each scorer's in units of its own standard deviation."""
    found = {}
    for name, one in scores.items():
        towards = towards_label(one.margin, test.target)
        towards = towards[~np.isnan(towards)]
        if len(towards) and towards.std() > 0:
            found[name] = towards / towards.std()
    if not found:
        return None
    edges = np.linspace(-4, 4, 41)

    def paint(axes: Any) -> None:
        axes.axvline(0, color=GREY, linewidth=1)
        for (name, towards), (colour, _, line) in zip(found.items(), STYLES, strict=False):
            inside = np.clip(towards, edges[0], edges[-1])
            counts, _ = np.histogram(inside, edges)
            axes.stairs(
                counts / len(towards), edges, color=colour, linestyle=line, linewidth=1.3, label=one_line(name, 24)
            )
        in_percent(axes.yaxis)
        axes.set(title="Margins", xlabel="margin / its standard deviation", ylabel="share of the pairs")
        axes.figure.legend(loc="outside lower center", ncols=2)

    return draw(paint, f"Margins on {test.title}")


def length_plot(test: TestSet, scores: Mapping[str, Scores]) -> str | None:
    """Accuracy by how much longer the better response is, with 95 % intervals by prompt."""
    places = _length_places(test)
    found = {
        name: _accuracies(towards_label(one.margin, test.target), places, test.clusters) for name, one in scores.items()
    }
    if not any(found.values()):
        return None

    def paint(axes: Any) -> None:
        axes.axhline(0.5, color=GREY, linewidth=1)
        for index, ((name, points), (colour, marker, line)) in enumerate(zip(found.items(), STYLES, strict=False)):
            drawn = np.array(points, dtype=float).reshape(-1, 5)
            drawn[:, 0] += 0.12 * (index - (len(found) - 1) / 2)
            _grey_points(axes, drawn[drawn[:, 4] < FEWEST][:, [0, 1, 4]], marker)
            x, y, low, high, _ = drawn[drawn[:, 4] >= FEWEST].T
            reach = np.maximum(0, [y - low, high - y])
            axes.errorbar(
                x, y, yerr=reach, color=colour, marker=marker, linestyle=line,
                markersize=4, linewidth=1.2, elinewidth=0.8, capsize=2, label=one_line(name, 24),
            )  # fmt: skip
        axes.set_xticks(range(len(LENGTH_NAMES)), LENGTH_NAMES)
        axes.set_xlim(-0.6, len(LENGTH_NAMES) - 0.4)
        axes.set_ylim(-0.03, 1.03)
        in_percent(axes.yaxis)
        axes.set(
            title="Accuracy by length",
            xlabel="length of the better response / the other's",
            ylabel="in the right order",
        )
        axes.figure.legend(loc="outside lower center", ncols=2)

    return draw(paint, f"Accuracy by difference of length on {test.title}")


def in_small_lengths(test: TestSet, scores: Mapping[str, Scores]) -> str:
    """What the caption says of the grey points of `length_plot`; empty where there are none."""
    places, counts = _length_places(test), {}
    for name, one in scores.items():
        known = ~np.isnan(towards_label(one.margin, test.target))
        counts[name] = np.bincount(places[known], minlength=len(LENGTH_NAMES)).tolist()
    return _said_of_grey("lengths", counts)


def _margins(test: TestSet, scores: Mapping[str, Scores]) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    return {name: (one.margin, test.target) for name, one in scores.items()}


def _said_of_grey(parts: str, counts: Mapping[str, Sequence[int]]) -> str:
    """Sentence on the parts with fewer than `FEWEST` pairs: how many of all pairs they hold, by scorer."""
    small = {name: sum(n for n in pairs if n < FEWEST) for name, pairs in counts.items()}
    said = [f"{n:,} of {sum(counts[name]):,} pairs of {name}" for name, n in small.items() if n]
    return f" Small grey points are {parts} with fewer than five pairs: {', '.join(said)}." if said else ""


def _grey_points(axes: Any, points: NDArray[np.float64], marker: str) -> None:
    """Points of (x, y, pairs) whose area is by their pairs."""
    x, y, pairs = points.T
    axes.scatter(x, y, s=2.5 * pairs, marker=marker, color=GREY, linewidths=0)


def _length_places(test: TestSet) -> NDArray[np.int64]:
    """(N,) place in `LENGTH_NAMES` of every pair."""
    first, second = np.log2(np.maximum(test.characters, 1)).T
    doublings = np.where(preferred_side(test.target), second - first, first - second)
    return np.asarray(np.digitize(doublings, LENGTH_EDGES[1:-1]), dtype=np.int64)


def _bins(margin: NDArray[np.float64], target: NDArray[np.float64]) -> tuple[Bin, ...]:
    known = ~np.isnan(margin)
    return reliability(margin[known], target[known])


def _points(bins: Sequence[Bin]) -> NDArray[np.float64]:
    """(P, 4) confidence, accuracy, error and pairs of every bin that has any."""
    points = [(b.confidence, b.accuracy, b.error, b.n) for b in bins if b.n]
    return np.array(points, dtype=np.float64).reshape(-1, 4)


def _accuracies(
    towards: NDArray[np.float64], places: NDArray[np.int64], clusters: NDArray[np.int64]
) -> list[tuple[float | None, ...]]:
    """Place, accuracy, interval and pairs of every part that has any."""
    points: list[tuple[float | None, ...]] = []
    for place in range(len(LENGTH_NAMES)):
        here = (places == place) & ~np.isnan(towards)
        if here.any():
            figure = clustered_share((towards[here] > 0) + (towards[here] == 0) / 2, clusters[here])
            points.append((place, figure.value, figure.low, figure.high, figure.n))
    return points
