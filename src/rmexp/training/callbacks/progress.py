"""How far a run is: a bar on a terminal, one plain line now and then in a log."""

import logging
import sys
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback, RichProgressBar

SAMPLED = ("rollout/reward", "rollout/gold", "rollout/kl", "rollout/tokens", "rollout/ended")
log = logging.getLogger(__name__)


def progress(line_every_steps: int) -> Callback:
    """A bar where standard error is a terminal, otherwise a line every `line_every_steps` steps."""
    return StepBar() if sys.stderr.isatty() and sys.stdout.isatty() else ProgressLines(line_every_steps)


class StepBar(RichProgressBar):
    """A bar over all steps of the run; Lightning's own would call the one long pass "Epoch 0"."""

    def _get_train_description(self, current_epoch: int) -> str:
        return "Training  "


class ProgressLines(Callback):
    """Logs step, loss and accuracy, or reward and divergence, and every validation."""

    def __init__(self, every_steps: int) -> None:
        self.every_steps = every_steps

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Log a line when it is time."""
        step, within = divmod(batch_idx + 1, trainer.accumulate_grad_batches)
        if step % self.every_steps == 0 and within == 0 and trainer.is_global_zero:
            total = int(trainer.estimated_stepping_batches)
            log.info("  step %d of %d  %s", step, total, _figures(trainer, "train"))

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Log the validation's figures."""
        if trainer.is_global_zero:
            log.info("  step %d  %s", trainer.global_step, _figures(trainer, "val"))


def _figures(trainer: L.Trainer, phase: str) -> str:
    metrics = trainer.callback_metrics
    names = [name for name in (f"{phase}/loss", f"{phase}/accuracy", *SAMPLED) if name in metrics]
    return "  ".join(f"{name} {float(metrics[name]):.4g}" for name in names)
