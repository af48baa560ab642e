"""Training of an explicit reward model."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.optim import Optimizer

from rmexp.batches import PairBatch, ResponseBatch
from rmexp.data.encode import PairTokens
from rmexp.metrics.pair_figures import PairFigures
from rmexp.models.language_model import LanguageModel, disable_dropout
from rmexp.models.reward_model import RewardModel
from rmexp.training.optimization import Schedule, configure, log_step, log_validation
from rmexp.training.pair_data import batches_by_length


class RewardModule(L.LightningModule):
    """Trains a reward model on preference pairs.

    Args:
        start: the language model whose body the reward model takes over.
        loss: of (chosen rewards, rejected rewards, target=...), one value per pair.
        optimizer: of the parameters.
        schedule: factor of the learning rate, of (step, total_steps=...).
    """

    kind = "reward_model"
    pooling = "last_token"
    relative = False  # whether scores are relative to the model that training starts from

    def __init__(
        self,
        start: LanguageModel,
        loss: Callable[..., Tensor],
        optimizer: Callable[..., Optimizer],
        schedule: Schedule,
    ) -> None:
        super().__init__()
        self.model = RewardModel(start.causal_lm.base_model)
        disable_dropout(self.model)
        self.loss, self.optimizer, self.schedule = loss, optimizer, schedule
        self.train_figures, self.val_figures = PairFigures(), PairFigures()

    def _step(self, batch: PairBatch, figures: PairFigures) -> tuple[Tensor, Tensor, Tensor]:
        chosen, rejected = self.model(batch.responses).chunk(2)
        losses = self.loss(chosen, rejected, target=batch.target)
        figures.update(losses, chosen, rejected, batch.target)
        return losses.mean(), chosen, rejected

    def training_step(self, batch: PairBatch, index: int) -> Tensor:
        """Loss of a batch."""
        loss, chosen, rejected = self._step(batch, self.train_figures)
        log_step(self, loss, chosen, rejected, batch.target)
        return loss

    def validation_step(self, batch: PairBatch, index: int) -> None:
        """Add a batch to the validation figures."""
        self._step(batch, self.val_figures)

    def on_validation_epoch_end(self) -> None:
        """Log loss and accuracy over all validation pairs."""
        log_validation(self, self.val_figures)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Optimizer and schedule."""
        return configure(self, self.optimizer, self.schedule)

    def save(self, folder: Path) -> None:
        """Write the weights."""
        self.model.save(folder)

    def contract_fields(self) -> dict[str, Any]:
        """Mean and standard deviation of the rewards of training responses, of 2,000 pairs at most."""
        data = self.trainer.datamodule  # type: ignore[attr-defined]  # set by Trainer.fit
        rewards = self._rewards(data.train[:2000], data.batch_pairs)
        return {"reward_mean": float(rewards.mean()), "reward_sd": float(rewards.std())}

    @torch.inference_mode()
    def _rewards(self, pairs: Sequence[PairTokens], batch_pairs: int) -> Tensor:
        batches = [batch.responses for batch in batches_by_length(pairs, batch_pairs)]
        moved = (ResponseBatch(*(field.to(self.device) for field in batch)) for batch in batches)
        return torch.cat([self.model(batch) for batch in moved])
