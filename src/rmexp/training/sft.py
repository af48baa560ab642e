"""Supervised fine-tuning: the reference that reward model and policy start from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.optim import Optimizer
from transformers import PreTrainedModel

from rmexp.batches import PairBatch
from rmexp.metrics.pair_figures import PairFigures
from rmexp.models.language_model import LanguageModel, disable_dropout, response_logprobs
from rmexp.training.optimization import Schedule, configure, log_step, log_validation

SIDES = ("both", "chosen")


class SFTModule(L.LightningModule):
    """Fine-tunes a language model on the responses of preference pairs.

    Its accuracy is how often the chosen response is the likelier one, summed over tokens: what the reference prefers
    before anything has taught it a preference.

    Args:
        start: the language model to train.
        loss: of (summed log-probabilities, response tokens), one value per response.
        optimizer: of the parameters.
        schedule: factor of the learning rate, of (step, total_steps=...).
        sides: `both` sides of the pairs, or the `chosen` ones alone.
    """

    kind = "language_model"
    pooling = None
    relative = False  # whether scores are relative to the model that training starts from

    def __init__(
        self,
        start: LanguageModel,
        loss: Callable[..., Tensor],
        optimizer: Callable[..., Optimizer],
        schedule: Schedule,
        sides: str,
    ) -> None:
        super().__init__()
        if sides not in SIDES:
            raise ValueError(f"module.sides must be one of {', '.join(SIDES)}, got {sides}")
        self.model: PreTrainedModel = start.causal_lm
        disable_dropout(self.model)
        self.loss, self.optimizer, self.schedule, self.sides = loss, optimizer, schedule, sides
        self.train_figures, self.val_figures = PairFigures(), PairFigures()

    def _step(self, batch: PairBatch, figures: PairFigures) -> tuple[Tensor, Tensor, Tensor]:
        logps = response_logprobs(self.model, batch.responses)
        chosen, rejected = logps.chunk(2)
        used = slice(None) if self.sides == "both" else slice(batch.pairs)
        losses = self.loss(logps[used], batch.responses.response_tokens[used])
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
        self.model.save_pretrained(folder)

    def contract_fields(self) -> dict[str, Any]:
        """What the contract says beyond the fields of every model."""
        return {}
