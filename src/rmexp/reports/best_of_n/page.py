"""The page of `rmexp best-of-n`."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup
from matplotlib.ticker import FuncFormatter, NullFormatter

from rmexp.records import prompt_text
from rmexp.reports.best_of_n import wording
from rmexp.reports.drawing.page import render
from rmexp.reports.drawing.panel import Panel
from rmexp.reports.drawing.svg import BLUE, GREEN, GREY, ORANGE, draw
from rmexp.reports.made import Made
from rmexp.runs.summaries.best_of_n import CandidatePool
from rmexp.selection.best_of_n import Curve, Point
from rmexp.selection.kl import best_of_n_kl

MOST_EXAMPLES = 6


class BestOfNReport(NamedTuple):
    """What the page is made of.

    Attributes:
        curve: over n.
        picks: of every prompt, as `rmexp.selection.picks.Pick`.
        about: data, policy, scorer, gold, and what did not become a candidate.
        made: how.
        slices: curves of parts of the prompts.
    """

    curve: Curve
    picks: Sequence[Any]
    about: CandidatePool
    made: Made
    slices: Mapping[str, Curve] = MappingProxyType({})


class Example(NamedTuple):
    """A prompt with what was picked for it: heading, and (name, response, score, gold) of each."""

    title: str
    prompt: str
    sides: Sequence[tuple[str, str, float, float | None]]


def best_of_n_report(report: BestOfNReport) -> str:
    """The whole page as HTML: one file without script or request, byte-identical for equal content."""
    points = report.curve.points
    panels = []
    if points:
        panels = [Panel(Markup(score_plot(points)), "Mean score of the pick; the dashed line is a random candidate.")]
    if points and points[-1].gold is not None:
        panels.insert(0, Panel(Markup(gold_plot(report.curve)), wording.gold_caption(report.curve)))
    return render("best_of_n.html", report=report, panels=panels, wording=wording, examples=_examples(report.picks))


def gold_plot(curve: Curve) -> str:
    """True reward of the pick with its interval, of a random candidate, of the truly best one, and the fit."""
    points = curve.points
    n = [point.n for point in points]

    def paint(axes: Any) -> None:
        axes.plot(n, [point.oracle for point in points], "^-", color=GREEN, markersize=4, label="truly best")
        axes.plot(n, [point.gold for point in points], "o-", color=BLUE, markersize=4, label="picked by score")
        if points[0].low is not None:
            bounds = [point.low for point in points], [point.high for point in points]
            axes.fill_between(n, *bounds, color=BLUE, alpha=0.15, linewidth=0)
        axes.axhline(points[0].random, color=GREY, linewidth=1, linestyle="--", label="random")
        if curve.fit is not None:
            x = np.geomspace(1, n[-1], 80)
            kl = np.array([best_of_n_kl(value) for value in x])
            height = points[0].random + curve.fit.a * np.sqrt(kl) - curve.fit.b * kl
            axes.plot(x, height, color=ORANGE, linewidth=1.2, linestyle=":", label="fitted")
        _over_n(axes)
        axes.legend(loc="best")
        axes.set(title="true reward of the pick", ylabel="gold")

    return draw(paint, "True reward of the pick over n")


def score_plot(points: Sequence[Point]) -> str:
    """Score of the pick over n."""
    n = [point.n for point in points]

    def paint(axes: Any) -> None:
        axes.plot(n, [point.proxy for point in points], "o-", color=BLUE, markersize=4)
        if points[0].gold is None and points[0].low is not None:
            bounds = [point.low for point in points], [point.high for point in points]
            axes.fill_between(n, *bounds, color=BLUE, alpha=0.15, linewidth=0)
        axes.axhline(points[0].proxy, color=GREY, linewidth=1, linestyle="--")
        _over_n(axes)
        axes.set(title="score of the pick", ylabel="score")

    return draw(paint, "Score of the pick over n")


def _over_n(axes: Any) -> None:
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("n (log scale)")


def _examples(picks: Sequence[Any]) -> list[Example]:
    """First those whose pick falls furthest behind the truly best one, then the first ones."""
    behind = sorted((pick for pick in picks if pick.oracle is not None), key=_regret, reverse=True)
    chosen = list({pick.id: pick for pick in [*behind[: MOST_EXAMPLES // 2], *picks]}.values())[:MOST_EXAMPLES]
    return [_example(pick) for pick in chosen]


def _regret(pick: Any) -> float:
    return float(pick.oracle.gold - pick.best.gold)


def _example(pick: Any) -> Example:
    sides = [("picked", pick.best), ("random", pick.random), *([("truly best", pick.oracle)] if pick.oracle else [])]
    title = f"best of {pick.candidates}"
    if pick.oracle is not None:
        title += f", {_regret(pick):.2f} of true reward behind the best"
    return Example(title, prompt_text(pick.prompt), [(name, one.response, one.score, one.gold) for name, one in sides])
