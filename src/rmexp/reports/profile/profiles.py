"""Several profiles side by side: which data is how large, how clean and how hard."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from rmexp.reports.drawing.numbers import percent
from rmexp.reports.drawing.page import render
from rmexp.reports.drawing.panel import Panel
from rmexp.reports.drawing.svg import BLUE, GREEN, GREY, ORANGE, draw
from rmexp.reports.drawing.ticks import in_percent
from rmexp.reports.drawing.visible import one_line
from rmexp.reports.profile.plots import NAMES
from rmexp.runs.summaries.profile import ProfileFigures, RuleFigures


class Row(NamedTuple):
    """One data set.

    Attributes:
        name: of it.
        folder: of its profile, as text for the reader.
        pairs: usable ones.
        prompts: distinct ones.
        tokens: of all pairs.
        bad_rows: left out.
        contradictions: pairs of responses with labels in both directions.
        leaks: training pairs whose prompt is evaluated on; None when not looked for.
        longer: what the longer response gets.
        best: what the best baseline gets.
        best_name: which one that is.
        ceiling: accuracy of the true probabilities; None when they are not known.
        noise: share of wrong labels, by cycles or else by repeated pairs; None when it cannot be estimated.
    """

    name: str
    folder: str
    pairs: int
    prompts: int
    tokens: int
    bad_rows: int
    contradictions: int
    leaks: int | None
    longer: RuleFigures
    best: RuleFigures
    best_name: str
    ceiling: float | None
    noise: float | None


def row_of(name: str, folder: str, profile: ProfileFigures) -> Row:
    """What of a profile.json goes side by side with others."""
    leaks, noise = profile.leaks, profile.label_noise
    return Row(
        name=name,
        folder=folder,
        pairs=profile.pairs,
        prompts=profile.prompts,
        tokens=profile.tokens,
        bad_rows=profile.bad_rows,
        contradictions=profile.consistency.contradictions,
        leaks=None if leaks is None else leaks.exact + leaks.normalised + leaks.near,
        longer=profile.baselines["longer"],
        best=profile.baselines[profile.best_baseline],
        best_name=profile.best_baseline,
        ceiling=None if profile.ceiling is None else profile.ceiling.bayes_accuracy,
        noise=next((noise[kind].value for kind in ("triangles", "repeated_pairs") if noise[kind].n >= 20), None),
    )


def profiles_report(rows: Sequence[Row]) -> str:
    """The whole page as HTML: one file without script or request.

    Args:
        rows: of the data sets, in the order to be shown.
    """
    known = "; a bar of green is the best possible accuracy" if any(row.ceiling is not None for row in rows) else ""
    panel = Panel(Markup(side_by_side_plot(rows)), f"The line is 50 %{known}.")
    return render("profiles.html", rows=rows, panel=panel, names=NAMES, verdict=verdict(rows))


def verdict(rows: Sequence[Row]) -> str:
    """The sentence that leads the page: where rules get most and least."""
    known = [(row.best.accuracy, row) for row in rows if row.best.accuracy is not None]
    if not known:
        return "No data set has a pair with a preference, so there is nothing to learn."
    (most, first), (least, last) = max(known, key=lambda one: one[0]), min(known, key=lambda one: one[0])
    told = f"Rules without understanding get {percent(most)} on {first.name} ({NAMES[first.best_name]})"
    if len(known) == 1:
        return f"{told}."
    return f"{told} and {percent(least)} on {last.name} ({NAMES[last.best_name]}): models must beat that."


def side_by_side_plot(rows: Sequence[Row]) -> str:
    """For each data set what the longer response and the best baseline get, and the ceiling where it is known."""
    places = np.arange(len(rows))[::-1]

    def paint(axes: Any) -> None:
        axes.axvline(0.5, color=GREY, linewidth=1)
        for offset, key, marker, colour in ((0.14, "best", "s", ORANGE), (-0.14, "longer", "o", BLUE)):
            for place, row in zip(places + offset, rows, strict=True):
                figure: RuleFigures = getattr(row, key)
                if figure.accuracy is None:
                    continue
                ends = [figure.accuracy if end is None else end for end in (figure.low, figure.high)]
                label = {"best": "best baseline", "longer": "longer"}[key] if row is rows[0] else None
                axes.plot(ends, [place, place], color=colour, linewidth=1.6)
                axes.plot([figure.accuracy], [place], marker, color=colour, markersize=5, label=label)
        for place, row in zip(places, rows, strict=True):
            if row.ceiling is not None:
                axes.plot([row.ceiling] * 2, [place - 0.35, place + 0.35], color=GREEN, linewidth=2.5)
        axes.set_yticks(places, [one_line(row.name, 30) for row in rows])
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.grid(False, axis="y")
        in_percent(axes.xaxis)
        axes.set(xlabel="accuracy, 95 % interval")
        axes.figure.legend(loc="outside lower center", ncols=2)

    return draw(paint, "Baselines of several data sets", height=1.3 + 0.45 * len(rows))
