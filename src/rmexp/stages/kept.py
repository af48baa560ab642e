"""Which weights a run leaves: those of its best validation or of its last step."""

import math
from pathlib import Path

import lightning as L

from rmexp.data.trained_on import TrainedOn
from rmexp.runs.folder import LAST_MODEL
from rmexp.runs.summaries.train import KeptWeights, ValidatedAt
from rmexp.stages.built import Built
from rmexp.stages.model_folders import StageModel, save_model
from rmexp.tracking.metrics_csv import read_metrics
from rmexp.training.callbacks.checkpoints import BEST, is_intact
from rmexp.training.callbacks.kept import Kept
from rmexp.training.processes.fully_sharded import load_weights
from rmexp.training.trainer_options import TrainerOptions


def keep_weights(
    built: Built, folder: Path, options: TrainerOptions, validated: Kept, steps: int, seen: TrainedOn | None
) -> KeptWeights:
    """Give the module the weights to keep, with the figures of their validation; the last ones go into a folder.

    Args:
        built: the stage, its module as the last step left it.
        folder: of the run.
        options: of the trainer.
        validated: the validations.
        steps: optimizer steps of the run.
        seen: what the model has been trained on.

    Raises:
        ValueError: the checkpoint that is to be kept cannot be read.
    """
    step = validated.step if options.keep == "best" and validated.step is not None else steps
    count, last = validated.validations, _last_validation(folder)
    selected = validated.stopped or (options.keep == "best" and count > 1)
    kept = KeptWeights(step, steps, options.monitor, count, validated.stopped, selected, last)
    best = folder / "checkpoints" / BEST
    if options.keep == "last":
        best.unlink(missing_ok=True)  # of a run that an earlier version began
    if step == steps:
        return kept
    if not best.is_file() or not is_intact(best):
        raise ValueError(
            f"{best}: expected the checkpoint of step {step}, whose validation is the best, but it cannot be read "
            f"(delete {folder} to train anew)"
        )
    module = built.module
    # The mean of its rewards would be another pass over the training pairs.
    fields = {} if module.kind == "reward_model" else module.contract_fields(built.examples.train)
    assert isinstance(module, L.LightningModule)
    save_model(folder / LAST_MODEL, StageModel(module, built.start, built.max_tokens, fields, seen))
    for figures in (module.train_figures, module.val_figures):
        figures.reset()  # or they would go on saying what they have computed before
    load_weights(module, best)
    return kept


def _last_validation(folder: Path) -> ValidatedAt | None:
    rows = [row for row in read_metrics(folder / "metrics.csv") if row["val/loss"]]
    if not rows:
        return None
    loss, accuracy = (_finite(rows[-1][name]) for name in ("val/loss", "val/accuracy"))
    return ValidatedAt(int(rows[-1]["step"]), loss, accuracy)


def _finite(text: str) -> float | None:
    value = float(text or "nan")
    return value if math.isfinite(value) else None
