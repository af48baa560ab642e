"""A checkpoint whose policy is known to have been sound, for a run that is stopped because its policy no longer is."""

import os
import shutil
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from rmexp.training.callbacks.checkpoints import GOOD, LAST


class GoodCheckpoint(Callback):
    """Keeps the last checkpoint from which an iteration has been sampled and found sound, while the run goes on.

    Args:
        folder: of the checkpoints.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """The last checkpoint was written before this iteration, which would have stopped at an unsound policy."""
        last, good = self.folder / LAST, self.folder / GOOD
        if not last.exists() or (good.exists() and good.samefile(last)):
            return
        beside = self.folder / f".{GOOD}.link"
        beside.unlink(missing_ok=True)
        try:
            os.link(last, beside)  # costs nothing, and a newer checkpoint is another file
        except OSError:
            shutil.copy2(last, beside)
        os.replace(beside, good)
