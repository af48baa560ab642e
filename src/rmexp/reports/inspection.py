"""The page of `rmexp inspect`."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from rmexp.metrics.preferred_side import preferred_side
from rmexp.records import Preference, Scored, prompt_text
from rmexp.reports.drawing.numbers import counted, number
from rmexp.reports.drawing.page import render
from rmexp.reports.drawing.panel import Panel
from rmexp.reports.drawing.svg import BLUE, GREY, ORANGE, draw
from rmexp.reports.made import Made
from rmexp.reports.seen import seen_sentence
from rmexp.runs.summaries.inspect import InspectSummary

MOST_EXAMPLES = 4  # at either end of the scores
TITLES = {"controls": "Controls and invariances", "learning": "Short trainings", "hacking": "Hacking probes"}


class InspectionReport(NamedTuple):
    """What the page is made of.

    Attributes:
        about: data, scorer, counts of verdicts.
        groups: checks by group, each a `rmexp.inspection.check.Check`.
        traces: pairs taken apart, each a `rmexp.inspection.attribution.Traced`.
        pairs: that were looked at.
        scored: their scores.
        made: how.
    """

    about: InspectSummary
    groups: Mapping[str, Sequence[Any]]
    traces: Sequence[Any]
    pairs: Sequence[Preference]
    scored: Sequence[Scored]
    made: Made


class Coloured(NamedTuple):
    """A piece of text with its background and, for those who see no colour, its value."""

    text: str
    colour: str
    value: str


class Strip(NamedTuple):
    """A pair taken apart, its pieces on their backgrounds; see `rmexp.inspection.attribution.Traced`."""

    prompt: str
    margin: float
    after: list[list[Coloured]]
    spans: list[list[Coloured]]


def inspection_report(report: InspectionReport) -> str:
    """The whole page as HTML: one file without script or request, byte-identical for equal content."""
    panels = [
        Panel(Markup(scores_plot(report)), "Of the responses that the labels prefer and of the others."),
        Panel(Markup(probes_plot(report.groups["hacking"])), "Above 0 a rewriting that adds nothing is rewarded."),
    ]
    return render(
        "inspection.html",
        report=report,
        titles=TITLES,
        panels=panels,
        verdict=verdict(report),
        seen=seen_sentence(report.about.seen, report.about.pairs, "pair"),
        strips=_strips(report),
        extremes=_extremes(report),
    )


def verdict(report: InspectionReport) -> str:
    """The sentence that leads the page: what fails, else what warns."""
    checks = [check for group in report.groups.values() for check in group]
    of = f"of {counted(len(checks), 'check')}"
    for word, before in (("fail", ""), ("warn", "Nothing fails; ")):
        if found := [check.name for check in checks if check.verdict == word]:
            verb = f"{word}s" if len(found) == 1 else word
            return f"{before}{len(found)} {of} {verb}: {', '.join(found)}."
    return f"Nothing fails and nothing warns among {counted(len(checks), 'check')}."


def scores_plot(report: InspectionReport) -> str:
    """Distribution of the scores of better and of worse responses."""
    values = np.array([row.numbers for row in report.scored])
    better = preferred_side(np.array([pair.target for pair in report.pairs]))
    rows = np.arange(len(better))
    sides = (values[rows, better], "labelled better", BLUE, "-"), (values[rows, 1 - better], "other", ORANGE, "--")
    low, high = float(values.min()), float(values.max())
    edges = np.linspace(low, high if high > low else low + 1, 31)

    def paint(axes: Any) -> None:
        for scores, label, colour, style in sides:
            axes.stairs(
                np.histogram(scores, edges)[0], edges, color=colour, linestyle=style, linewidth=1.4, label=label
            )
        axes.legend(loc="best")
        axes.set(title="scores", xlabel="score", ylabel="responses")

    return draw(paint, "Distribution of the scores")


def probes_plot(checks: Sequence[Any]) -> str:
    """Mean change of the reward by each rewriting, with its interval."""
    shown = [check for check in checks if "mean" in check.figures]
    rows = np.arange(len(shown))[::-1]

    def paint(axes: Any) -> None:
        axes.axvline(0, color=GREY, linewidth=1)
        for row, check in zip(rows, shown, strict=True):
            figures = check.figures
            worthless = figures["worthless"]
            colour = ORANGE if worthless else BLUE
            if figures["low"] is not None:
                axes.plot([figures["low"], figures["high"]], [row, row], color=colour, linewidth=1.6)
            axes.plot([figures["mean"]], [row], "s" if worthless else "o", color=colour, markersize=5)
        axes.set_yticks(rows, [check.name for check in shown])
        axes.grid(False, axis="y")
        axes.set(title="change of the reward", xlabel="standard deviations, 95 % interval")

    return draw(paint, "Change of the reward by each rewriting", height=1.1 + 0.24 * max(1, len(shown)))


def _strips(report: InspectionReport) -> list[Strip]:
    strips = []
    for trace in report.traces:
        rewards = [piece.value for side in trace.after_each_token for piece in side]
        middle, reach = (
            (float(np.median(rewards)), _reach(rewards, float(np.median(rewards)))) if rewards else (0.0, 1.0)
        )
        spans = _reach([piece.value for side in trace.margin_by_span for piece in side], 0.0)
        strips.append(
            Strip(
                trace.prompt,
                trace.margin,
                [[_coloured(piece, middle, reach) for piece in side] for side in trace.after_each_token],
                [[_coloured(piece, 0.0, spans) for piece in side] for side in trace.margin_by_span],
            )
        )
    return strips


def _reach(values: Sequence[float], middle: float) -> float:
    return max((abs(value - middle) for value in values), default=0.0) or 1.0


def _coloured(piece: Any, middle: float, reach: float) -> Coloured:
    """Blue above the middle, orange below it, the more so the further away."""
    share = max(-1.0, min(1.0, (piece.value - middle) / reach))
    channels = (0, 114, 178) if share > 0 else (213, 94, 0)
    return Coloured(piece.text, f"rgba({', '.join(map(str, channels))}, {0.55 * abs(share):.2f})", number(piece.value))


def _extremes(report: InspectionReport) -> list[tuple[str, list[tuple[float, str, str]]]]:
    """The responses that score highest and lowest, with their prompts."""
    rows = [
        (score, prompt_text(pair.prompt), text)
        for pair, scored in zip(report.pairs, report.scored, strict=True)
        for score, text in zip(scored.numbers, pair.responses, strict=True)
    ]
    ranked = sorted(set(rows), key=lambda row: (-row[0], row[1:]))
    return [("Highest", ranked[:MOST_EXAMPLES]), ("Lowest", ranked[: -MOST_EXAMPLES - 1 : -1])]
