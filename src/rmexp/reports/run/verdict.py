"""What a run came to, in sentences that are built from its figures."""

from collections.abc import Iterator

from rmexp.reports.drawing.curves import Rows, cell
from rmexp.reports.drawing.numbers import counted, decimals, number, percent
from rmexp.reports.run.content import RunReport, headline
from rmexp.runs.summaries.held_out import HeldOutRow
from rmexp.runs.summaries.policy import PolicyFigures
from rmexp.runs.summaries.train import TrainSummary

WORSE = 1.05  # a validation loss that is so many times the lowest tells of over-fitting


def verdict(report: RunReport) -> list[str]:
    """The sentences that lead the page, the one that says most first."""
    if report.failure is not None:
        return []  # which the page says itself
    if report.summary is None:
        steps = max((cell(row, "step") or 0.0 for row in report.rows), default=0.0)
        return [f"Not finished: {steps:,.0f} steps are done, and the same command goes on with it."]
    return [*_sentences(report.summary, report.rows)]


def _sentences(summary: TrainSummary, rows: Rows) -> Iterator[str]:
    row = headline(summary)
    if summary.policy is not None:
        yield _policy(summary.policy)
    elif row is not None:
        yield _preferences(row)
    else:
        yield _losses(rows)
    if summary.kept is None and (fitted := _over_fitted(rows)) is not None:
        yield fitted
    yield from (f"{remark[0].upper()}{remark[1:]}." for remark in summary.remarks)
    if row is not None and summary.policy is None:
        yield from _remarks(row)


def _preferences(row: HeldOutRow) -> str:
    assert row.accuracy is not None
    where = f"{percent(row.accuracy)} of {counted(row.n - row.label_ties, 'pair')} of {row.place}"
    if row.accuracy_low is not None and row.accuracy_high is not None:
        where += f" [{percent(row.accuracy_low)}, {percent(row.accuracy_high)}]"
    said = f"{where} stand in the right order"
    if row.tie_rate == 1:
        return (
            f"Nothing is told apart: {counted(row.n - row.label_ties, 'pair')} of {row.place}, all with equal scores."
        )
    if row.accuracy_low is None or row.accuracy_high is None:
        return f"Too few pairs to tell: {said}."
    if row.accuracy_low > 0.5:
        return f"Learnt: {said}."
    if row.accuracy_high < 0.5:
        return f"Worse than chance: {said}; are the labels turned round?"
    return f"Not better than chance: {said}."


def _remarks(row: HeldOutRow) -> Iterator[str]:
    """What else the figures of a set say."""
    if row.longer_accuracy is not None and row.accuracy is not None and row.longer_accuracy >= row.accuracy > 0.5:
        yield f"The longer response wins on {percent(row.longer_accuracy)} of these pairs: length alone does as well."
    if row.bayes_accuracy is not None:
        yield f"No scorer can be expected to get more than {percent(row.bayes_accuracy)}."
    if row.nll is not None and row.nll > 1 and (row.accuracy or 0) > 0.5:
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


def _losses(rows: Rows) -> str:
    """Of a run that learns no preferences, such as SFT."""
    losses = [loss for row in rows if (loss := cell(row, "val/loss")) is not None]
    first = next((loss for row in rows if (loss := cell(row, "train/loss")) is not None), None)
    if not losses:
        return "Nothing that it did not learn from was judged (data.val_fraction=0)."
    end = f"validation loss is {number(min(losses))}"
    if first is None:
        return f"Finished: {end}."
    learnt = "Learnt" if min(losses) < first else "Not learnt"
    return f"{learnt}: {end}, from a loss of {number(first)} on the first batch."


def _policy(policy: PolicyFigures) -> str:
    gain, true = policy.reward.gain, None if policy.gold is None else policy.gold.gain
    said = f"the reward of fresh samples moved by {decimals(gain)} of its deviations"
    said += "" if true is None else f" and the true reward by {decimals(true)}"
    said += f", {number(policy.kl)} nats from the reference"
    if gain is None or gain <= 0:
        return f"Gained nothing: {said}."
    if true is not None and true <= 0:
        return f"Over-optimised: {said}."
    return f"Learnt: {said}."
