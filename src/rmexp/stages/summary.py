"""What a stage that learns from given examples leaves in summary.json."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rmexp.data.loaded import LoadedData
from rmexp.metrics.pair_figures import PairFigures
from rmexp.runs.environment import peak_memory_mb
from rmexp.runs.summaries.held_out import HeldOutRow
from rmexp.runs.summaries.train import LastEpoch, LastValidation, ModelMade, TrainSummary
from rmexp.stages.built import Built
from rmexp.stages.model import parameters
from rmexp.statistics.shares import wilson
from rmexp.training.callbacks.throughput import Throughput
from rmexp.training.stage import TrainingModule


class Fitted(NamedTuple):
    """What training took, and what it left.

    Attributes:
        model: folder of the finished model.
        fingerprint: of that folder.
        steps: optimizer steps of the whole run.
        throughput: of training alone.
        seconds: until the model was saved, building it included.
        cpu_seconds: of this process, likewise.
    """

    model: Path
    fingerprint: str
    steps: int
    throughput: Throughput
    seconds: float
    cpu_seconds: float


def stage_summary(
    task: str,
    built: Built,
    fitted: Fitted,
    loaded: LoadedData,
    tests: Mapping[str, LoadedData],
    evaluation: Sequence[HeldOutRow],
) -> TrainSummary:
    """What the stage came to, but for the seconds of all.

    Args:
        task: that was trained.
        built: the stage.
        fitted: what became of it.
        loaded: data that it learnt from.
        tests: further data sets.
        evaluation: figures of pairs that it did not learn from.
    """
    module, examples, speed = built.module, built.examples, fitted.throughput.per_second()
    pairs, sizes = examples.kind == "pairs", (len(examples.train), len(examples.val))
    return TrainSummary(
        task=task,
        model=ModelMade(str(fitted.model), fitted.fingerprint, parameters(module)),
        steps=fitted.steps,
        epochs=round(fitted.throughput.examples / len(examples.train), 4),
        train_pairs=sizes[0] if pairs else None,
        val_pairs=sizes[1] if pairs else None,
        train_demonstrations=None if pairs else sizes[0],
        val_demonstrations=None if pairs else sizes[1],
        dropped=examples.lost("dropped"),
        identical=examples.lost("identical"),
        truncated=examples.lost("truncated"),
        account=examples.accounts,
        bad_rows=sum(len(part.records.bad_rows) for part in (loaded, *tests.values())),
        leaks=loaded.leaks,
        train_pairs_per_second=speed["train_pairs_per_second"],
        train_tokens_per_second=speed["train_tokens_per_second"],
        threads=built.threads,
        precision=built.precision,
        rows="packed" if module.packed else "padded",
        peak_memory_mb=peak_memory_mb(),
        train_seconds=round(fitted.seconds, 2),
        train_cpu_seconds=round(fitted.cpu_seconds, 2),
        train=_last_epoch(module.train_figures, examples.kind),
        val=_validation(module, len(examples.val)),
        evaluation=tuple(evaluation),
    )


def _last_epoch(figures: PairFigures, kind: str) -> LastEpoch:
    """Running figures, with the pairs with a label, or the demonstrations, that they are of."""
    counted = int(figures.accuracy.pairs if kind == "pairs" else figures.loss.weight)
    return LastEpoch(counted, **_finite(figures))


def _validation(module: TrainingModule, examples: int) -> LastValidation:
    accuracy = module.val_figures.accuracy
    counted = int(accuracy.pairs)
    low, high = wilson(float(accuracy.correct), counted) if counted else (None, None)
    return LastValidation(examples, **_finite(module.val_figures), accuracy_low=low, accuracy_high=high)


def _finite(figures: PairFigures) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in figures.compute().items()}
