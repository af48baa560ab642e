"""What the page of a run is made from; parts that a run does not have are left empty."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rmexp.reports.drawing.curves import Rows, cell
from rmexp.reports.made import Made
from rmexp.runs.failure import FailureLeft
from rmexp.runs.summaries.held_out import HeldOutRow, headline_of
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


@dataclass(frozen=True, slots=True)
class SamplePair:
    """A held-out pair with its rewards, a row of sample_pairs.jsonl.

    Attributes:
        judged: `worst`, `closest` or `best`.
        data: name of the data set.
        split: of it.
        id: of the pair.
        prompt: as text.
        chosen: the response listed first.
        rejected: the other.
        chosen_reward: of the first.
        rejected_reward: of the other.
        margin: the first less the other.
    """

    judged: str
    data: str
    split: str
    id: str
    prompt: str
    chosen: str
    rejected: str
    chosen_reward: float
    rejected_reward: float
    margin: float


class ScoredSet(NamedTuple):
    """Held-out pairs as the finished model scores them.

    Attributes:
        row: their figures.
        margin: (N,) score of the response listed first less that of the second.
        target: (N,) probability that the first is the better one.
        rewards: (M, 2) of the better and of the other response; none where they were not found.
        worst: the pairs that it orders worst, the worst first.
    """

    row: HeldOutRow
    margin: NDArray[np.float64]
    target: NDArray[np.float64]
    rewards: NDArray[np.float64]
    worst: Sequence[SamplePair]


class RunReport(NamedTuple):
    """What the page is made from.

    Attributes:
        made: how.
        data: name of the data set.
        model: name of the model.
        summary: its figures; None for a run that did not finish.
        rows: of its metrics.csv.
        changed: key, value and default of each setting that differs from its default.
        failure: why it failed; None when it did not.
        samples: responses that its policy gave, the latest last; see samples.jsonl.
        scored: the held-out pairs that its headline is of; None where none were scored.
        checkpoint: whether it has left one to go on from.
        begun: whether it has done anything in its folder, so that it is bound to its settings.
        watched: whether the page asks the browser for its next version.
    """

    made: Made
    data: str
    model: str
    summary: TrainSummary | None
    rows: Rows
    changed: Sequence[tuple[str, str, str]]
    failure: FailureLeft | None
    samples: Sequence[PolicySample] = ()
    scored: ScoredSet | None = None
    checkpoint: bool = False
    begun: bool = True
    watched: bool = False


class Mark(NamedTuple):
    """A step that stands out on every curve.

    Attributes:
        step: of the optimizer.
        epoch: that it is in, with its fraction.
        why: it does, in words.
    """

    step: float
    epoch: float
    why: str


def headline(summary: TrainSummary) -> HeldOutRow | None:
    """The figures that a run is judged by: of its own data, those of a split that did not choose the step if it can.

    Args:
        summary: of the run; the first set of its evaluation is of its own data.
    """
    whole = [row for row in summary.evaluation if row.slice is None and row.accuracy is not None]
    return headline_of([row for row in whole if row.data == whole[0].data]) if whole else None


def mark(summary: TrainSummary | None, rows: Rows) -> Mark | None:
    """The step of the weights that were kept; for runs that do not say it, that of the lowest validation loss."""
    losses = {
        step: loss
        for row in rows
        if (step := cell(row, "step")) is not None and (loss := cell(row, "val/loss")) is not None
    }
    epochs: Mapping[float | None, float | None] = {cell(row, "step"): cell(row, "epoch") for row in rows}
    if summary is not None and summary.kept is not None and summary.kept.validations:
        step, why = float(summary.kept.step), "kept"
    elif losses:
        step, why = min(losses, key=lambda one: losses[one]), "lowest"
    else:
        return None
    return Mark(step, epochs.get(step) or 0.0, f"{why}: step {step:.0f}")
