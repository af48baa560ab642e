"""Examples and tokens per second of training alone, validation and start-up left out."""

import time
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from rmexp.training.data.loader import TrainingLoader


class Throughput(Callback):
    """Counts examples (pairs or demonstrations), tokens and the seconds that training took."""

    def __init__(self) -> None:
        self.examples = self.tokens = 0
        self._seconds = 0.0
        self._since: float | None = None  # the clock runs
        self._told = (0, 0, 0.0)  # examples, tokens and seconds, when they were logged last

    @property
    def seconds(self) -> float:
        """Of training up to now."""
        return self._seconds if self._since is None else self._seconds + time.perf_counter() - self._since

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start the clock."""
        self._since = time.perf_counter()

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Stop it."""
        self._stop()

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start it again."""
        self._since = time.perf_counter()

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Stop it; what came after the last validation was no training."""
        if sum(trainer.num_val_batches):
            self._since = None
        self._stop()

    def _stop(self) -> None:
        self._seconds, self._since = self.seconds, None

    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Count a batch, by what the host knows of it: the batch itself is on the device."""
        loader = trainer.train_dataloader
        assert isinstance(loader, TrainingLoader)
        examples = loader.examples_of(batch_idx)
        self.examples += len(examples)
        self.tokens += sum(example.tokens for example in examples)

    def state_dict(self) -> dict[str, float]:
        """For checkpoints, so that a resumed run goes on counting."""
        return {"examples": self.examples, "tokens": self.tokens, "seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, float]) -> None:
        """Go on after what a checkpoint has counted."""
        self.examples, self.tokens = int(state_dict["examples"]), int(state_dict["tokens"])
        self._seconds = state_dict["seconds"]
        self._told = (self.examples, self.tokens, self._seconds)

    def figures(self) -> dict[str, float]:
        """What is logged of it: counts of the whole run, rates since they were logged last."""
        seconds = max(self.seconds - self._told[2], 1e-9)
        examples, tokens = self.examples - self._told[0], self.tokens - self._told[1]
        self._told = (self.examples, self.tokens, self.seconds)
        return {
            "train/num_examples": self.examples,
            "train/num_tokens": self.tokens,
            "train/examples_per_second": examples / seconds,
            "train/tokens_per_second": tokens / seconds,
        }

    def rates(self) -> tuple[float, float]:
        """Examples and tokens per second of training."""
        seconds = max(self.seconds, 1e-9)
        return self.examples / seconds, self.tokens / seconds
