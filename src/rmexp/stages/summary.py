"""What a stage that learns from given examples leaves in summary.json."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rmexp.data.loaded import LoadedData
from rmexp.metrics.pair_figures import PairFigures
from rmexp.runs.environment import peak_memory_mb
from rmexp.stages.built import Built
from rmexp.stages.model import parameters
from rmexp.statistics.shares import wilson
from rmexp.training.stage import TrainingModule
from rmexp.training.throughput import Throughput


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
    evaluation: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """The figures of summary.json, but for the seconds of all.

    Args:
        task: that was trained.
        built: the stage.
        fitted: what became of it.
        loaded: data that it learnt from.
        tests: further data sets.
        evaluation: rows of figures of pairs that it did not learn from.
    """
    module, examples = built.module, built.examples
    return {
        "task": task,
        "model": {"path": str(fitted.model), "fingerprint": fitted.fingerprint, "parameters": parameters(module)},
        "steps": fitted.steps,
        "epochs": round(fitted.throughput.examples / len(examples.train), 4),
        **examples.summary(),
        "bad_rows": sum(len(part.records.bad_rows) for part in (loaded, *tests.values())),
        "leaks": dict(loaded.leaks),
        **fitted.throughput.per_second(),
        "threads": built.threads,
        "precision": built.precision,
        "rows": "packed" if module.packed else "padded",
        "peak_memory_mb": peak_memory_mb(),
        "train_seconds": round(fitted.seconds, 2),
        "train_cpu_seconds": round(fitted.cpu_seconds, 2),
        "train": {"n": _counted(module.train_figures, examples.kind), **_finite(module.train_figures)},
        "val": _validation(module, len(examples.val)),
        "evaluation": list(evaluation),
    }


def _counted(figures: PairFigures, kind: str) -> int:
    """Pairs with a label, or demonstrations, that running figures are of."""
    return int(figures.accuracy.pairs if kind == "pairs" else figures.loss.weight)


def _validation(module: TrainingModule, pairs: int) -> dict[str, Any]:
    accuracy = module.val_figures.accuracy
    counted = int(accuracy.pairs)
    low, high = wilson(float(accuracy.correct), counted) if counted else (None, None)
    return {"n": pairs, **_finite(module.val_figures), "accuracy_low": low, "accuracy_high": high}


def _finite(figures: PairFigures) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in figures.compute().items()}
