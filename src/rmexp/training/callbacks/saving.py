"""The checkpoint that a run goes on from: written between two steps, every so often and when a signal ends the run."""

import time
from pathlib import Path
from typing import Annotated, Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback

from rmexp.hardware.group import from_first
from rmexp.ranges import check_range
from rmexp.training.callbacks.checkpoints import LAST
from rmexp.training.callbacks.interruption import Interrupted, Signals
from rmexp.training.data.loader import TrainingLoader

MOST_TIME = 0.02  # share of the time between two checkpoints that the first of them may have cost


class Saving(Callback):
    """Saves between optimizer steps, and gives every batch random numbers of its own, whatever was drawn before it.

    Between two steps means where the loader is asked for the next batch: everything of the step before has been done
    and logged, validation and its checkpoints too.

    Args:
        folder: of the checkpoints; None saves nothing.
        every_seconds: between two of them, at least; longer where a checkpoint costs more than 2 % of that.
        seed: of the random numbers.
        signals: that end the run.
    """

    def __init__(
        self, folder: Path | None, every_seconds: Annotated[float, "at least 0 or inf"], seed: int, signals: Signals
    ) -> None:
        check_range("callbacks.saving.every_seconds", every_seconds, "at least 0 or inf")
        self.folder, self.every_seconds, self.seed, self.signals = folder, every_seconds, seed, signals
        self.wait = every_seconds  # until the next checkpoint
        self.saved_at = 0.0
        self.saved_step = -1  # the step that the newest checkpoint stands for

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Wait for signals, from Lightning's own handlers on, and for the gaps between batches."""
        self.signals.take()
        loader = trainer.train_dataloader
        assert isinstance(loader, TrainingLoader)
        loader.before_batch = lambda: self._between(trainer)
        self.saved_at, self.saved_step = time.monotonic(), trainer.global_step

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Seed the batch, on the devices that are in use: torch would also make notes for those that are not."""
        seed = (self.seed << 32) + (batch_idx << 8) + trainer.global_rank
        if pl_module.device.type == "cpu":
            torch.default_generator.manual_seed(seed)
        else:
            torch.manual_seed(seed)

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """What comes after training may be interrupted too, and is where the last step or validation was."""
        self._save(trainer)
        if received := from_first(self.signals.received):
            raise self._interrupted(trainer, received)

    def _between(self, trainer: L.Trainer) -> None:
        done = trainer.fit_loop.epoch_loop.batch_progress.current.completed
        if done % trainer.accumulate_grad_batches:
            return
        due = time.monotonic() - self.saved_at >= self.wait
        received, due = from_first((self.signals.received, due))  # the ranks do the same
        if due or received:
            self._save(trainer)
        if received:
            raise self._interrupted(trainer, received)

    def _interrupted(self, trainer: L.Trainer, received: str) -> Interrupted:
        done, what = trainer.global_step, "step"
        if not trainer.lightning_module.automatic_optimization:  # a batch is an iteration, which has steps of its own
            done, what = trainer.fit_loop.epoch_loop.batch_progress.current.completed, "iteration"
        return Interrupted(f"{received} after {what} {done} of {trainer.estimated_stepping_batches:.0f}")

    def _save(self, trainer: L.Trainer) -> None:
        if self.folder is None or trainer.global_step == self.saved_step:
            return
        began = time.monotonic()
        trainer.save_checkpoint(self.folder / LAST)
        self.saved_at, self.saved_step = time.monotonic(), trainer.global_step
        self.wait = max(self.every_seconds, (self.saved_at - began) / MOST_TIME)
