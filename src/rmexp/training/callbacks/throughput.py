"""Examples and tokens per second of training alone, validation and start-up left out."""

import time
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from rmexp.encoding.batches import PairBatch, ResponseBatch
from rmexp.training.data.loader import TrainingLoader


class Throughput(Callback):
    """Counts examples (pairs or demonstrations), tokens and the seconds that training took."""

    def __init__(self) -> None:
        self.examples = self.tokens = 0
        self.seconds = 0.0
        self._since = 0.0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start the clock."""
        self._since = time.perf_counter()

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Stop it."""
        self.seconds += time.perf_counter() - self._since

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start it again."""
        self._since = time.perf_counter()

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Stop it where no validation has."""
        if not sum(trainer.num_val_batches):
            self.seconds += time.perf_counter() - self._since

    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: PairBatch | ResponseBatch,
        batch_idx: int,
    ) -> None:
        """Count a batch."""
        loader = trainer.train_dataloader
        self.examples += loader.size(batch_idx) if isinstance(loader, TrainingLoader) else batch.size
        self.tokens += batch.tokens * trainer.world_size  # the ranks have equal shares but for chance

    def state_dict(self) -> dict[str, float]:
        """For checkpoints, so that a resumed run goes on counting."""
        return {"examples": self.examples, "tokens": self.tokens, "seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, float]) -> None:
        """Go on after what a checkpoint has counted."""
        self.examples, self.tokens = int(state_dict["examples"]), int(state_dict["tokens"])
        self.seconds = state_dict["seconds"]

    def per_second(self) -> dict[str, float]:
        """Examples and tokens per second; the clock has been read by the last validation, or by the end."""
        seconds = max(self.seconds, 1e-9)
        return {
            "train_pairs_per_second": round(self.examples / seconds, 2),
            "train_tokens_per_second": round(self.tokens / seconds, 1),
        }
