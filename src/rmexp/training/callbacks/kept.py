"""Which validation was the best: its checkpoint is kept, and training ends where none has been better for a while."""

import math
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from rmexp.tracking.logged_figures import STAGE_FIGURES
from rmexp.training.callbacks.checkpoints import BEST
from rmexp.training.trainer_options import TrainerOptions

BEST_END = {figure.name: figure.best for figure in STAGE_FIGURES if figure.best}


class Kept(Callback):
    """Looks at every validation; those of all epochs are alike to it.

    Equal figures are no improvement, so that the earliest of them is the best. One that is not finite is the worst.

    Args:
        folder: of the checkpoints.
        options: say what is best, what is kept, and when to stop.

    Attributes:
        step: of the best validation; None before the first finite figure.
        best: its figure.
        validations: so far.
        stopped: whether training ends here because of `trainer.patience`.
    """

    def __init__(self, folder: Path, options: TrainerOptions) -> None:
        self.folder, self.options = folder, options
        self.step: int | None = None
        self.best: float | None = None
        self.validations = 0
        self.stopped = False
        self.bar: float | None = None  # what the next validation must beat by trainer.min_delta
        self.waited = 0  # validations since then

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """A run that was to stop has stopped, also where it goes on from the checkpoint of that validation."""
        trainer.should_stop |= self.stopped

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Keep the checkpoint of an improvement; stop where there has been none for long."""
        value = self._monitored(trainer)
        self.validations += 1
        improved = self._better(value, self.bar, self.options.min_delta)
        self.bar, self.waited = (value, 0) if improved else (self.bar, self.waited + 1)
        if self.options.patience is not None and self.waited >= self.options.patience:
            self.stopped = trainer.global_step < trainer.estimated_stepping_batches
            trainer.should_stop = True
        if self._better(value, self.best, 0.0):
            self.best, self.step = value, trainer.global_step
            if self.options.keep == "best":
                trainer.save_checkpoint(self.folder / BEST)

    def _monitored(self, trainer: L.Trainer) -> float:
        name = self.options.monitor
        if name not in trainer.callback_metrics:
            known = ", ".join(sorted(other for other in trainer.callback_metrics if other.startswith("val/")))
            raise ValueError(f"trainer.monitor={name}: a validation here has no such figure, only {known}")
        return float(trainer.strategy.broadcast(float(trainer.callback_metrics[name])))  # the ranks decide alike

    def _better(self, value: float, than: float | None, by: float) -> bool:
        """Whether a figure is better than another by more than so much; whatever is finite is better than nothing."""
        if not math.isfinite(value) or than is None:
            return math.isfinite(value)
        return value < than - by if BEST_END[self.options.monitor] == "min" else value > than + by

    def state_dict(self) -> dict[str, Any]:
        """For checkpoints, so that a resumed run goes on comparing."""
        return {name: getattr(self, name) for name in ("step", "best", "validations", "stopped", "bar", "waited")}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what a checkpoint has seen."""
        for name, value in state_dict.items():
            setattr(self, name, value)
