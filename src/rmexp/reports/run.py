"""The page of one run of training: curves, figures, what became of the data, what was set."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from rmexp.reports.content import StageResult
from rmexp.reports.curves import epochs
from rmexp.reports.figures import accuracy_figure, loss_figure
from rmexp.reports.page import render
from rmexp.reports.panel import Panel
from rmexp.reports.rollout_figures import rollout_panels


class RunReport(NamedTuple):
    """What the page is made from.

    Attributes:
        folder: of the run, as text for the reader.
        summary: its summary.json; empty for a run that did not finish.
        rows: of its metrics.csv.
        changed: key, value and default of each setting that differs from its default.
        config_yaml: its whole configuration.
        environment: its environment.json.
        failure: its failure.json; empty when there is none.
        samples: responses that its policy gave, the latest last; see samples.jsonl.
    """

    folder: str
    summary: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    changed: Sequence[tuple[str, Any, Any]]
    config_yaml: str
    environment: Mapping[str, Any]
    failure: Mapping[str, Any]
    samples: Sequence[Mapping[str, Any]] = ()


def run_report(report: RunReport) -> str:
    """The whole page as HTML: one file without script or request."""
    stage = StageResult(str(report.summary.get("task", "training")), rows=report.rows)
    drawn = (
        (loss_figure(stage), "Loss of each batch, and of all validation examples where they were judged."),
        (accuracy_figure(stage), "Training accuracy is of a model that still learns."),
    )
    rollouts = rollout_panels(report.rows)
    return render(
        "run.html",
        report=report,
        summary=report.summary,
        panels=[*rollouts, *(Panel(Markup(svg), caption) for svg, caption in drawn if svg)],
        epochs=[] if rollouts else epochs(report.rows)[-30:],
    )
