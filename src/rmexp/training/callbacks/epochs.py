"""Epochs inside one long pass: where they end, running figures start anew and validations fall."""

from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from rmexp.metrics.pair_figures import PairFigures
from rmexp.training.data.loader import TrainingLoader


class Epochs(Callback):
    """Tells the trainer after each batch whether to validate now.

    All epochs are one pass of the loader, so that a run can resume anywhere; Lightning's own interval cannot tell
    both the ends of epochs and steps in between.

    Args:
        batches: in one epoch.
        validate_every_batches: between further validations, or None.
    """

    def __init__(self, batches: int, validate_every_batches: int | None) -> None:
        self.batches, self.validate_every_batches = batches, validate_every_batches

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Go on after the batches that a checkpoint has seen.

        Lightning restores the state of loaders only if nothing asked for the loader before, as its own
        `estimated_stepping_batches` does when a schedule is set up.
        """
        loader = trainer.train_dataloader
        if isinstance(loader, TrainingLoader):
            loader.done = trainer.fit_loop.epoch_loop.batch_progress.current.completed
            loader.rank, loader.ranks = trainer.global_rank, trainer.world_size

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """An epoch's running figures are its own."""
        if batch_idx % self.batches == 0:
            _train_figures(pl_module).reset()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Make the trainer's interval end at this batch, or nowhere; the run's last batch always validates."""
        done = batch_idx + 1
        due = done % self.batches == 0
        if self.validate_every_batches is not None:
            due |= done % self.validate_every_batches == 0
        trainer.val_check_batch = done if due else float("inf")


def _train_figures(module: L.LightningModule) -> PairFigures:
    figures = module.train_figures
    assert isinstance(figures, PairFigures)
    return figures
