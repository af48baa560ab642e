"""The page of `rmexp compare`."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from rmexp.reports.compare import plots, sets_wording, wording
from rmexp.reports.compare.content import CompareReport, SplitResult, StageResult
from rmexp.reports.compare.sets_plots import progress_plot, shifts_plot
from rmexp.reports.drawing.curves import EpochRow, epochs
from rmexp.reports.drawing.page import render
from rmexp.reports.drawing.panel import Panel
from rmexp.reports.rollout_plots import policies_plot, rollout_panels
from rmexp.statistics.shares import SHARE_METHOD

MOST_DISAGREEMENTS = 20
MOST_EPOCH_ROWS = 30


class StagePanels(NamedTuple):
    """The curves of a stage and their numbers; rollouts are of a stage that samples."""

    stage: StageResult
    loss: Panel | None
    accuracy: Panel | None
    epochs: Sequence[EpochRow]
    rollouts: Sequence[Panel]


class SplitPanels(NamedTuple):
    """The scatters of a split."""

    split: SplitResult
    responses: Panel | None
    margins: Panel | None


def compare_report(report: CompareReport) -> str:
    """The whole page as HTML: one file without script or request, byte-identical for equal content."""
    return render(
        "compare.html",
        report=report,
        wording=wording,
        share_method=SHARE_METHOD,
        stages=[_stage(stage) for stage in report.stages if stage.rows],  # none of a model that was given
        splits=[_split(split, report) for split in report.splits],
        showcase=_showcase(report),
        reductions=_reductions(report),
        graded=_graded(report),
        sets_wording=sets_wording,
        policies=_policies(report),
        shifts=_shifts(report),
        progress=_progress(report),
        disagreements=report.disagreements[:MOST_DISAGREEMENTS],
    )


def _stage(stage: StageResult) -> StagePanels:
    loss, accuracy = plots.loss_plot(stage), plots.accuracy_plot(stage)
    return StagePanels(
        stage,
        loss=Panel(Markup(loss), wording.loss_sentence(stage)) if loss else None,
        accuracy=Panel(Markup(accuracy), wording.accuracy_sentence(stage)) if accuracy else None,
        epochs=() if (rollouts := rollout_panels(stage.rows)) else _spread(epochs(stage.rows), MOST_EPOCH_ROWS),
        rollouts=rollouts,
    )


def _split(split: SplitResult, report: CompareReport) -> SplitPanels:
    if not split.agreement.pairs:
        return SplitPanels(split, None, None)
    responses = plots.response_plot(split, report.showcase.chosen, report.showcase.rejected)
    return SplitPanels(
        split,
        responses=Panel(Markup(responses), wording.pooled_sentence(split.agreement)),
        margins=Panel(Markup(plots.margin_plot(split)), wording.margins_sentence(split, plots.MOST_PAIRS)),
    )


def _showcase(report: CompareReport) -> Sequence[Panel]:
    if not report.showcase.prompts:
        return ()
    names = (report.showcase.chosen, report.showcase.rejected)
    bars = (plots.showcase_plot(report.showcase.prompts, reward, *names) for reward in ("explicit", "implicit"))
    captions = ("Scores of the reward model; only their differences mean anything.", _implicit_caption(report))
    return [Panel(Markup(svg), caption) for svg, caption in zip(bars, captions, strict=True)]


def _implicit_caption(report: CompareReport) -> str:
    mean = report.scale is not None and report.scale.reduction == "response_mean"
    reduced = "log-ratio per response token" if mean else "summed log-ratio"
    return f"β = {report.facts.beta:g} times the {reduced} of policy and reference; 0 where the two are the same."


def _reductions(report: CompareReport) -> Sequence[Panel]:
    levels = report.reductions.levels
    if not levels:
        return ()
    return [
        Panel(Markup(plots.dilution_plot(levels)), wording.dilution_sentence(levels)),
        Panel(Markup(plots.across_plot(levels)), wording.across_sentence(levels)),
    ]


def _graded(report: CompareReport) -> Panel | None:
    if report.graded is None:
        return None
    return Panel(Markup(plots.graded_plot(report.graded)), wording.graded_sentence(report.graded))


def _shifts(report: CompareReport) -> Panel | None:
    if len(report.sets) < 2:
        return None
    caption = "Points are shares of pairs in the order of their label; 50 % is a coin."
    return Panel(Markup(shifts_plot(report.sets)), caption)


def _policies(report: CompareReport) -> Panel | None:
    if not report.policies:
        return None
    caption = "A judge that was learnt from may be pleased more than the truth is."
    return Panel(Markup(policies_plot(report.policies)), caption)


def _progress(report: CompareReport) -> Panel | None:
    if len(report.progress) < 2:
        return None
    caption = "Both models at the same share of their own training, on the same validation pairs."
    return Panel(Markup(progress_plot(report.progress)), caption)


def _spread(rows: Sequence[Any], most: int) -> Sequence[Any]:
    """At most about `most` rows, evenly spread, the first and the last among them."""
    if len(rows) <= most:
        return rows
    return [rows[round(index * (len(rows) - 1) / (most - 1))] for index in range(most)]
