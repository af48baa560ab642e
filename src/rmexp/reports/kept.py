"""Which weights a model has, and which steps were left out on the way, in words."""

from collections.abc import Iterator

from rmexp.reports.drawing import numbers
from rmexp.runs.summaries.train import LastValidation, TrainSummary, ValidatedAt


def kept_words(summary: TrainSummary) -> Iterator[str]:
    """A sentence each on steps that were left out and on the weights that were kept.

    Args:
        summary: of a run.
    """
    if summary.skipped_steps:
        left_out = numbers.counted(summary.skipped_steps, "step")
        yield f"{left_out} of {summary.steps} left out, for a loss or gradient that was not finite"
    kept = summary.kept
    if kept is not None and kept.step != kept.last_step and kept.last is not None:
        there, last = (_figures(figures) for figures in (summary.val, kept.last))
        yield (
            f"weights of step {kept.step} of {kept.last_step}, best by {kept.monitor}: {there}; those of step "
            f"{kept.last.step}: {last} (last_model)"
        )
    if kept is not None and kept.stopped:
        yield f"trainer.patience stopped it at step {kept.last_step}"


def _figures(figures: LastValidation | ValidatedAt) -> str:
    accuracy = "" if figures.accuracy is None else f" and {numbers.percent(figures.accuracy)}"
    return f"loss {numbers.number(figures.loss)}{accuracy}"
