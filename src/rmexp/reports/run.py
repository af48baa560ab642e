"""The page of one run of training: curves, figures, what became of the data, what was set."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from rmexp.reports.compare.content import StageResult
from rmexp.reports.compare.plots import accuracy_plot, loss_plot
from rmexp.reports.drawing.curves import Rows, epochs
from rmexp.reports.drawing.page import render
from rmexp.reports.drawing.panel import Panel
from rmexp.reports.rollout_plots import rollout_panels
from rmexp.runs.environment import Environment
from rmexp.runs.folder import FailureLeft
from rmexp.runs.summaries.held_out import split_name
from rmexp.runs.summaries.train import TrainSummary


@dataclass(frozen=True, slots=True)
class PolicySample:
    """A response that a policy gave while it learnt, a row of samples.jsonl.

    Attributes:
        iteration: that it was given in.
        prompt: as text.
        response: to it.
        reward: by the scorer; None of a response without text.
        gold: true reward; None where nobody knows it.
        kl: from the reference, in nats.
        tokens: of the response.
    """

    iteration: int
    prompt: str
    response: str
    reward: float | None
    gold: float | None
    kl: float
    tokens: int


class RunReport(NamedTuple):
    """What the page is made from.

    Attributes:
        folder: of the run, as text for the reader.
        summary: its figures; None for a run that did not finish.
        rows: of its metrics.csv.
        changed: key, value and default of each setting that differs from its default.
        config_yaml: its whole configuration.
        environment: its environment.json.
        failure: why it failed; None when it did not.
        samples: responses that its policy gave, the latest last; see samples.jsonl.
    """

    folder: str
    summary: TrainSummary | None
    rows: Rows
    changed: Sequence[tuple[str, object, object]]
    config_yaml: str
    environment: Environment
    failure: FailureLeft | None
    samples: Sequence[PolicySample] = ()


def run_report(report: RunReport) -> str:
    """The whole page as HTML: one file without script or request."""
    stage = StageResult("training" if report.summary is None else report.summary.task, rows=report.rows)
    drawn = (
        (loss_plot(stage), "Loss of each batch, and of all validation examples where they were judged."),
        (accuracy_plot(stage), "Training accuracy is of a model that still learns."),
    )
    rollouts = rollout_panels(report.rows)
    return render(
        "run.html",
        report=report,
        summary=report.summary,
        split_name=split_name,
        panels=[*rollouts, *(Panel(Markup(svg), caption) for svg, caption in drawn if svg)],
        epochs=[] if rollouts else epochs(report.rows)[-30:],
    )
