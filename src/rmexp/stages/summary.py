"""What a stage that learns from given examples leaves in summary.json."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from rmexp.evaluation.figures import interval_words
from rmexp.evaluation.measures.accuracy import clustered_accuracy
from rmexp.hardware.memory import peak_memory_mb
from rmexp.metrics.pair_figures import PairFigures
from rmexp.runs.summaries.held_out import HeldOutRow
from rmexp.runs.summaries.train import KeptWeights, LastEpoch, LastValidation, ModelMade, TrainSummary
from rmexp.stages.as_saved import RewardsOfPairs
from rmexp.stages.built import Built
from rmexp.stages.examples import Examples
from rmexp.stages.remarks import remarks
from rmexp.statistics.shares import SHARE_METHOD
from rmexp.tracking.metrics_csv import read_metrics
from rmexp.tracking.validations import read_validations
from rmexp.training.callbacks.throughput import Throughput


class Fitted(NamedTuple):
    """What training took, and what it left.

    Attributes:
        model: that is finished.
        steps: optimizer steps of the whole run.
        throughput: of training alone.
        seconds: until the model was saved, building it included.
        cpu_seconds: of this process, likewise.
        kept: which weights it left.
        skipped_steps: that made no update; None where such a step ends the run.
        validated: (N, 2) rewards of the validation pairs and (N,) targets by the weights as they were saved; None where
            nothing had to be rounded, so that the validation of the step says it.
    """

    model: ModelMade
    steps: int
    throughput: Throughput
    seconds: float
    cpu_seconds: float
    kept: KeptWeights
    skipped_steps: int | None
    validated: RewardsOfPairs | None = None


def stage_summary(task: str, built: Built, fitted: Fitted, evaluation: Sequence[HeldOutRow]) -> TrainSummary:
    """What the stage came to, but for what was left out of its data and the seconds of all.

    Args:
        task: that was trained.
        built: the stage.
        fitted: what became of it.
        evaluation: figures of pairs that it did not learn from.
    """
    module, examples, (pairs_rate, tokens_rate) = built.module, built.examples, fitted.throughput.rates()
    folder = Path(fitted.model.path).parent
    rows = tuple(_selected(evaluation, built.loaded.name)) if fitted.kept.selected else tuple(evaluation)
    epochs = round(fitted.throughput.examples / len(examples.train), 4)
    return replace(
        _counted(TrainSummary(task, fitted.model, fitted.steps, epochs), examples),
        train_pairs_per_second=round(pairs_rate, 2),
        train_tokens_per_second=round(tokens_rate, 1),
        threads=built.threads,
        precision=built.precision,
        rows="packed" if module.packed else "padded",
        peak_memory_mb=peak_memory_mb(),
        train_seconds=round(fitted.seconds, 2),
        train_cpu_seconds=round(fitted.cpu_seconds, 2),
        train=_last_epoch(module.train_figures, examples.kind),
        val=_validation(built, folder, fitted),
        kept=fitted.kept,
        skipped_steps=fitted.skipped_steps,
        remarks=remarks(built, fitted.kept, read_metrics(folder / "metrics.csv"), read_validations(folder)),
        evaluation=rows,
    )


def _selected(evaluation: Sequence[HeldOutRow], data: str) -> Iterator[HeldOutRow]:
    """Rows with those marked whose pairs chose the weights."""
    for row in evaluation:
        yield replace(row, selected_on=True) if (row.data, row.split) == (data, "val") else row


def _counted(summary: TrainSummary, examples: Examples) -> TrainSummary:
    """A summary with what became of the examples."""
    pairs, sizes = examples.kind == "pairs", (len(examples.train), len(examples.val))
    accounts = list(examples.accounts.values())
    return replace(
        summary,
        train_pairs=sizes[0] if pairs else None,
        val_pairs=sizes[1] if pairs else None,
        train_demonstrations=None if pairs else sizes[0],
        val_demonstrations=None if pairs else sizes[1],
        dropped=sum(account.dropped for account in accounts),
        identical=sum(account.identical for account in accounts),
        truncated=sum(account.truncated for account in accounts),
        account=examples.accounts,
    )


def _last_epoch(figures: PairFigures, kind: str) -> LastEpoch:
    """Running figures, with the pairs with a label, or the demonstrations, that they are of."""
    counted = int(figures.accuracy.pairs if kind == "pairs" else figures.loss.weight)
    return LastEpoch(counted, **_finite(figures))


def _validation(built: Built, folder: Path, fitted: Fitted) -> LastValidation:
    """Figures of the validation of the kept weights; the interval of its accuracy takes prompts as independent."""
    examples, kept = built.examples, fitted.kept
    rewards = fitted.validated
    if rewards is None:
        found = [validation for validation in read_validations(folder) if validation.step == kept.step]
        rewards = RewardsOfPairs(found[-1].rewards, found[-1].target) if found else None
    figures = _finite(built.module.val_figures)
    row = LastValidation(len(examples.val), figures["loss"], figures["accuracy"], figures["tie_rate"])
    row = replace(row, selected_on=kept.selected or None)
    if examples.val_clusters is None or rewards is None:
        return row
    share = clustered_accuracy(rewards.rewards, rewards.target, examples.val_clusters)
    method = interval_words(SHARE_METHOD, built.loaded.split_rule.group)
    return replace(row, accuracy_low=share.low, accuracy_high=share.high, few=share.few, method=method)


def _finite(figures: PairFigures) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in figures.compute().items()}
