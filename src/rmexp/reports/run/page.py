"""The page of one run of training: a verdict, curves, held-out pairs, what became of the data, what was set."""

from collections.abc import Iterator

from markupsafe import Markup

from rmexp.reports.compare.content import StageResult
from rmexp.reports.compare.plots import accuracy_plot, loss_plot
from rmexp.reports.drawing.curves import epochs
from rmexp.reports.drawing.page import render
from rmexp.reports.drawing.panel import Panel
from rmexp.reports.kept import kept_words
from rmexp.reports.rollout_plots import rollout_panels
from rmexp.reports.run.content import RunReport, ScoredSet, mark
from rmexp.reports.run.plots import calibration_plot, in_small_bins, rewards_plot
from rmexp.reports.run.verdict import verdict
from rmexp.runs.summaries.held_out import split_name

MOST_EPOCHS = 30  # in the table of numbers, the latest


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
        caption = f"How often it is right on {where}, against how sure it is; the grey line is ideal."
        yield Panel(Markup(calibration), caption + in_small_bins(scored))
