"""The page of one run of training: a verdict, curves, held-out pairs, what became of the data, what was set."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from rmexp.reports.compare.content import StageResult
from rmexp.reports.compare.plots import accuracy_plot, loss_plot
from rmexp.reports.drawing.curves import epochs
from rmexp.reports.drawing.page import render
from rmexp.reports.drawing.panel import Panel
from rmexp.reports.drawing.svg import BLUE, ORANGE, draw
from rmexp.reports.drawing.ticks import in_percent
from rmexp.reports.evaluation.plots import BARS, drawn_reliability, small_bins
from rmexp.reports.kept import kept_words
from rmexp.reports.rollout_plots import rollout_panels
from rmexp.reports.run.content import RunReport, ScoredSet, mark
from rmexp.reports.run.verdict import verdict
from rmexp.runs.summaries.held_out import split_name

MOST_EPOCHS = 30  # in the table of numbers, the latest
BINS = 40
SIZE = {"width": 3.6, "height": 2.7}  # of the plots of held-out pairs


def run_report(report: RunReport) -> str:
    """The whole page as HTML: one file without script or request."""
    rollouts = rollout_panels(report.rows)
    summary = report.summary
    return render(
        "run.html",
        report=report,
        summary=summary,
        split_name=split_name,
        verdict=verdict(report),
        kept=[] if summary is None else [*kept_words(summary)],
        panels=[*rollouts, *_curves(report)],
        held_out=[] if report.scored is None else [*_held_out(report.scored)],
        epochs=[] if rollouts else epochs(report.rows)[-MOST_EPOCHS:],
    )


def _curves(report: RunReport) -> Iterator[Panel]:
    stage = StageResult("training" if report.summary is None else report.summary.task, rows=report.rows)
    marked = mark(report.summary, report.rows)
    at_step, at_epoch = (None, None) if marked is None else ((marked.step, marked.why), (marked.epoch, marked.why))
    told = "" if marked is None else f" The dotted line is the step that is {marked.why.replace(': step', ', step')}."
    if (loss := loss_plot(stage, at_step)) is not None:
        yield Panel(Markup(loss), f"Loss of each batch, and of all validation examples where they were judged.{told}")
    if (accuracy := accuracy_plot(stage, at_epoch)) is not None:
        yield Panel(Markup(accuracy), f"Training accuracy is of a model that still learns.{told}")


def _held_out(scored: ScoredSet) -> Iterator[Panel]:
    where = f"{scored.row.data} {scored.row.split}"
    if (rewards := rewards_plot(scored)) is not None:
        yield Panel(Markup(rewards), f"Rewards of the better and of the other responses of {where}.")
    if (calibration := calibration_plot(scored)) is not None:
        caption = f"How often it is right on {where}, against how sure it is; the grey line is ideal. {BARS}"
        yield Panel(Markup(calibration), caption + in_small_bins(scored))


def rewards_plot(scored: ScoredSet) -> str | None:
    """Histograms of the rewards of better and of other responses; None where there are none, or all are equal."""
    rewards = scored.rewards
    if not len(rewards) or rewards.max() == rewards.min():
        return None
    better, other = rewards.T
    edges = np.linspace(rewards.min(), rewards.max(), BINS + 1)

    def paint(axes: Any) -> None:
        for values, name, colour, line in ((better, "better", BLUE, "-"), (other, "other", ORANGE, "--")):
            counts, _ = np.histogram(values, edges)
            axes.stairs(counts / len(values), edges, color=colour, linestyle=line, linewidth=1.3, label=name)
        in_percent(axes.yaxis)
        axes.set(title="Rewards", xlabel="reward", ylabel="share of the responses")
        axes.figure.legend(loc="outside lower center", ncols=2)

    return draw(paint, f"Rewards of better and of other responses, {_title(scored)}", **SIZE)


def calibration_plot(scored: ScoredSet) -> str | None:
    """How often it is right against how sure it is; None where no pair can tell."""
    return drawn_reliability(_margins(scored), f"Reliability on {_title(scored)}", **SIZE)


def in_small_bins(scored: ScoredSet) -> str:
    """What the caption says of the grey points of `calibration_plot`; empty where there are none."""
    return small_bins(_margins(scored))


def _margins(scored: ScoredSet) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    return {scored.row.scorer: (scored.margin, scored.target)}


def _title(scored: ScoredSet) -> str:
    return f"{scored.row.data} {scored.row.split}"
