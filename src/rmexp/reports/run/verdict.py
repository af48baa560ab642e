"""What a run came to, in sentences that are built from its figures."""

import math
from collections.abc import Iterator

from rmexp.reports.drawing.curves import Rows, cell
from rmexp.reports.drawing.numbers import counted, decimals, number, percent
from rmexp.reports.drawing.visible import one_line
from rmexp.reports.run.content import RunReport, headline
from rmexp.runs.failure import FailureLeft
from rmexp.runs.summaries.held_out import HeldOutRow
from rmexp.runs.summaries.policy import PolicyFigures
from rmexp.runs.summaries.train import KeptWeights, TrainSummary
from rmexp.statistics.multiple_tests import lower_of_best

LONGEST = 400  # characters of what a run failed with
WORSE = 1.05  # a validation loss that is so many times the lowest tells of over-fitting


def verdict(report: RunReport) -> list[str]:
    """The sentences that lead the page, the one that says most first."""
    steps = max((cell(row, "step") or 0.0 for row in report.rows), default=0.0)
    if report.failure is not None:
        return [*_failed(report, report.failure, steps)]
    if report.summary is None:
        onward = "goes on with it" if report.checkpoint else "begins it anew"
        return [f"Not finished: {counted(int(steps), 'step')} done. Unless it still runs, the same command {onward}."]
    return [*_sentences(report.summary, report.rows)]


def _failed(report: RunReport, failure: FailureLeft, steps: float) -> Iterator[str]:
    when = f"after step {steps:,.0f}" if steps else "before its first step"
    yield f"It failed {when}: {one_line(failure.error, LONGEST)}"
    if not report.begun:
        yield "The same command, or a corrected one, begins anew in this folder. failure.json has the traceback."
        return
    onward = "goes on from the last checkpoint" if report.checkpoint else "begins anew"
    yield (
        f"Where the cause lay outside the settings, such as in a full disk, the same command {onward}. With another "
        "setting it is another run: set another run_dir, or delete this folder. failure.json has the traceback."
    )


def _sentences(summary: TrainSummary, rows: Rows) -> Iterator[str]:
    row = headline(summary)
    if summary.policy is not None:
        yield _policy(summary.policy)
    elif row is not None:
        yield _preferences(row, summary.kept)
    else:
        yield _losses(summary, rows)
    if summary.kept is None and (fitted := _over_fitted(rows)) is not None:
        yield fitted
    yield from (f"{remark[0].upper()}{remark[1:]}." for remark in summary.remarks)
    if row is not None and summary.policy is None:
        yield from _remarks(row)


def _preferences(row: HeldOutRow, kept: KeptWeights | None) -> str:
    """Whether a model orders held-out pairs better than chance does.

    Pairs that chose the step tell of the best of several validations. By chance the best of many is above 50 %, so that
    its interval is asked at a level that is shared out among all of them.
    """
    assert row.accuracy is not None
    where = f"{percent(row.accuracy)} of {counted(row.labelled, 'pair')} of {row.place}"
    if row.accuracy_low is not None and row.accuracy_high is not None:
        where += f" [{percent(row.accuracy_low)}, {percent(row.accuracy_high)}]"
    said = f"{where} stand in the right order"
    if row.tie_rate:
        said += f"; {percent(row.tie_rate)} have equal scores and count one half"
    if row.tie_rate == 1:
        return f"Nothing is told apart: {counted(row.labelled, 'pair')} of {row.place}, all with equal scores."
    if row.accuracy_low is None or row.accuracy_high is None:
        return f"Too little to tell: {said}, none of them independent of another."
    if row.accuracy_high < 0.5:
        return f"Worse than chance: {said}; are the labels turned round?"
    if row.accuracy_low <= 0.5:
        return f"Not told from chance: {said}."
    if row.trained_on and not _beyond_learnt(row):
        return f"Not told from learning by heart: {said}, but it was trained on these pairs; judge it on others."
    among = shared_among(kept) if row.selected_on and kept is not None else 1
    if lower_of_best(row.accuracy, row.accuracy_low, among) > 0.5:
        return f"Learnt: {said}."
    chose = "but these pairs chose the step, the best of several validations; judge it on others"
    return f"Not told from chance: {said}, {chose}."


def _beyond_learnt(row: HeldOutRow) -> bool:
    """Whether the pairs that were not trained on are above chance even if all the others stand in the right order."""
    trained = row.trained_on or 0
    return (row.accuracy_low or 0.0) * row.labelled - trained > 0.5 * (row.labelled - trained)


def shared_among(kept: KeptWeights) -> int:
    """How many figures an error is shared out among where the best of the validations was chosen by the same pairs.

    Where they also said when to stop, their number is no matter of plan. Then each k-th one has the k (k + 1)-th part,
    and all parts together are still one whole.
    """
    return kept.validations * (kept.validations + 1) if kept.stopped else max(1, kept.validations)


def _remarks(row: HeldOutRow) -> Iterator[str]:
    """What else the figures of a set say."""
    if row.longer_accuracy is not None and row.accuracy is not None and row.longer_accuracy >= row.accuracy > 0.5:
        yield f"The longer response wins on {percent(row.longer_accuracy)} of these pairs: length alone does as well."
    if row.bayes_accuracy is not None:
        yield f"No scorer can be expected to get more than {percent(row.bayes_accuracy)}."
    worse = row.nll is not None and row.nll > 1 and (row.nll_low is None or row.nll_low > math.log(2))
    if worse and (row.accuracy or 0) > 0.5:
        yield f"It is surer than it should be: a log-loss of {number(row.nll)} is worse than guessing (0.693)."


def _over_fitted(rows: Rows) -> str | None:
    """Of a run from before such remarks stood in its summary, which kept the weights of the end."""
    losses = [(cell(row, "step"), loss) for row in rows if (loss := cell(row, "val/loss")) is not None]
    if len(losses) < 2:
        return None
    (step, least), (last_step, last) = min(losses, key=lambda one: one[1]), losses[-1]
    if last <= WORSE * least or step == last_step:
        return None
    return (
        f"Over-fitted: validation loss is lowest at step {step:.0f} of {last_step:.0f} ({number(least)}) and "
        f"{number(last)} at the end; the model has the weights of the end (trainer.keep=best keeps the others)."
    )


def _losses(summary: TrainSummary, rows: Rows) -> str:
    """Of a run that learns no preferences, such as SFT; one batch is too little to say by how much it has learnt."""
    first = next((loss for row in rows if (loss := cell(row, "train/loss")) is not None), None)
    if not summary.val.n or summary.val.loss is None:
        return "Nothing that it did not learn from was judged (data.val_fraction=0)."
    beside = "" if first is None else f"; that of the first batch was {number(first)}"
    return f"Finished: validation loss is {number(summary.val.loss)}{beside}."


def _policy(policy: PolicyFigures) -> str:
    gain, true = policy.reward.gain, None if policy.gold is None else policy.gold.gain
    reach = policy.samples.chance
    said = f"the reward of fresh samples moved by {decimals(gain)} of its deviations"
    said += "" if true is None else f" and the true reward by {decimals(true)}"
    said += (
        f", {number(policy.kl)} nats from the reference; chance alone moves either by \u00b1 {decimals(reach)} (95 %)"
    )
    if gain is None or abs(gain) <= reach:
        if true is not None and abs(true) > reach:
            return f"Its reward is not told from chance, but the true one {'rose' if true > 0 else 'fell'}: {said}."
        return f"Not told from chance: {said}."
    if gain < 0:
        return f"Lost: {said}."
    if true is None or true > reach:
        return f"Learnt: {said}."
    return f"Over-optimised: {said}." if true < -reach else f"Learnt, but the true reward is not told to rise: {said}."
