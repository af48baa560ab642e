"""A module that learns nothing much, in an ordinary trainer: callbacks and logging without a language model."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
import pytest
import torch
from torch import Tensor, nn

from rmexp.metrics.pair_figures import PairFigures
from rmexp.training.callbacks.epochs import Epochs
from rmexp.training.data.fixed_batches import FixedBatches
from rmexp.training.optimization import configure
from rmexp.training.schedules import linear
from rmexp.training.step_figures import log_step, log_validation, on_host, rewards_of, step_figures


class Toy(L.LightningModule):
    """Scores are a weight times the given numbers; batches are (chosen, rejected, target)."""

    def __init__(self, optimizer: Callable[..., Any], schedule: Callable[..., float]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        self.frozen = nn.Parameter(torch.ones(1), requires_grad=False)
        self.optimizer, self.schedule = optimizer, schedule
        self.train_figures, self.val_figures = PairFigures(), PairFigures()
        self.validated_after: list[int] = []

    def _step(self, batch: Any, figures: PairFigures) -> tuple[Tensor, Tensor, Tensor]:
        chosen, rejected = self.weight * batch[0], self.weight * batch[1]
        losses = rejected - chosen
        figures.update(losses, chosen, rejected, batch[2])
        return losses.mean(), chosen, rejected

    def training_step(self, batch: Any, index: int) -> Tensor:
        loss, chosen, rejected = self._step(batch, self.train_figures)
        self.step_figures = step_figures(self, loss, (chosen, rejected, batch[2]), rewards_of)
        return loss

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        log_step(self, self.step_figures)

    def on_validation_epoch_start(self) -> None:
        self.val_figures.reset()

    def validation_step(self, batch: Any, index: int) -> None:
        _, chosen, rejected = self._step(batch, self.val_figures)
        self.sides = rewards_of(*on_host(chosen, rejected, batch[2]))

    def on_validation_epoch_end(self) -> None:
        self.validated_after.append(self.global_step)
        log_validation(self, self.val_figures, self.sides)

    def configure_optimizers(self) -> Any:
        return configure(self, self.optimizer, self.schedule)


@pytest.fixture
def toy() -> Toy:
    return Toy(partial(torch.optim.SGD, lr=0.5), partial(linear, warmup_fraction=0.0, floor=0.0))


@pytest.fixture
def fit(tmp_path: Path) -> Callable[..., L.Trainer]:
    """Trains on batches of three pairs, the second of them wrong, the third a tie."""

    def run(
        module: L.LightningModule, batches: int, epoch: int, every: int | None = None, *callbacks: Any, **options: Any
    ) -> L.Trainer:
        rows = torch.tensor([3.0, 1.0, 2.0]), torch.tensor([1.0, 2.0, 2.0]), torch.ones(3)
        trainer = L.Trainer(
            max_epochs=1,
            accelerator="cpu",
            callbacks=[Epochs(epoch, every), *callbacks],
            default_root_dir=tmp_path,
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=False,
            num_sanity_val_steps=0,
            **({"logger": False, "log_every_n_steps": 1} | options),
        )
        trainer.fit(module, FixedBatches([lambda: rows] * batches), FixedBatches([lambda: rows]))
        return trainer

    return run
