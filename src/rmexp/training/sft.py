"""Supervised fine-tuning: the reference that reward model and policy start from."""

from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

import lightning as L
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.optim import Optimizer
from transformers import PreTrainedModel

from rmexp.encoding.batches import PairBatch, PairIndex, ResponseBatch
from rmexp.encoding.tokens import PairTokens, ResponseTokens
from rmexp.hardware.device import moved
from rmexp.losses.one_each import check_one_each
from rmexp.metrics.pair_figures import PairFigures
from rmexp.metrics.preferred_side import preferred_side
from rmexp.models.attention.row_parts import in_parts
from rmexp.models.backbones.backbone import Backbone, language_model
from rmexp.models.backbones.language_model import disable_dropout
from rmexp.models.backbones.text_body import text_body
from rmexp.models.backbones.trained_weights import merged
from rmexp.models.likelihood import Likelihood
from rmexp.training.data.pair_data import validation_pairing
from rmexp.training.optimization import Schedule, batch_tokens, clip_gradients, configure
from rmexp.training.pairs import Pairs
from rmexp.training.processes.sharding import gathering, shard
from rmexp.training.processes.whole_batch import whole_batch
from rmexp.training.processes.whole_validation import whole_validation
from rmexp.training.stage import ContractFields, Examples
from rmexp.training.step_figures import StepFigures, log_step, log_validation, on_host, order_of, step_figures

SIDES = ("both", "chosen")


class SFTModule(L.LightningModule):
    """Fine-tunes a language model on the responses of preference pairs, or on demonstrations.

    On pairs its accuracy is how often the chosen response is the likelier one, summed over tokens: what the reference
    prefers before anything has taught it a preference.

    Args:
        start: the language model to train.
        loss: of (summed log-probabilities, response tokens, mean_tokens=...), one value per response.
        optimizer: of the parameters.
        schedule: factor of the learning rate, of (step, total_steps=...).
        sides: `both` sides of the pairs, or the `chosen` ones alone: those that the labels prefer.

    >>> from rmexp.losses.next_token import next_token_loss
    >>> from rmexp.models.backbones.tiny import tiny
    >>> size = {"hidden_size": 8, "layers": 1, "heads": 1, "vocabulary": 262, "max_positions": 512}
    >>> learnt = {"optimizer": torch.optim.AdamW, "schedule": lambda step, total_steps: 1.0}
    >>> SFTModule(tiny(["2 + 2?"], 0, **size), next_token_loss, **learnt, sides="chosen").learns_from
    ('pairs', 'demonstrations')
    """

    kind = "language_model"
    pooling = None
    learns_from = ("pairs", "demonstrations")
    relative = False  # whether scores are relative to a reference

    def __init__(
        self,
        start: Backbone,
        loss: Callable[..., Tensor],
        optimizer: Callable[..., Optimizer],
        schedule: Schedule,
        sides: Literal["both", "chosen"],
    ) -> None:
        super().__init__()
        if sides not in SIDES:
            raise ValueError(f"module.sides must be one of {', '.join(SIDES)}, got {sides}")
        self.model: PreTrainedModel = language_model(start, "sft").causal_lm
        disable_dropout(self.model)
        self.likelihood = Likelihood(self.model, start.layout)
        self.loss, self.optimizer, self.schedule, self.sides = loss, optimizer, schedule, sides
        self.mean_tokens = 1.0  # of a training response; set by `setup`
        self.train_figures, self.val_figures = PairFigures(), PairFigures()
        self.step_figures: StepFigures | None = None  # of the batch that is running
        self.val_logps: list[Tensor] = []  # of the responses of the validation that is running
        self.val_tokens: list[Tensor] = []

    def setup(self, stage: str) -> None:
        """Find how long responses are, so that a token weighs the same in whatever batch."""
        data = self.trainer.datamodule  # type: ignore[attr-defined]  # set by Trainer.fit
        self.mean_tokens = fmean(response.response_tokens for row in data.train for response in self._learnt(row))

    def prepared(self, pairs: Pairs) -> Pairs:
        """As they are: nothing of them is computed twice."""
        return pairs

    def _learnt(self, row: PairTokens | ResponseTokens) -> tuple[ResponseTokens, ...]:
        if isinstance(row, ResponseTokens):
            return (row,)
        if self.sides == "both":
            return (row.chosen, row.rejected)
        return ((row.chosen, row.rejected)[preferred_side(row.target)],)

    @property
    def packed(self) -> bool:
        """Whether batches are computed in packed rows."""
        return self.likelihood.packed

    def _losses(
        self, logps: Tensor, tokens: Tensor, pairing: PairIndex | None, mean_tokens: float | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Losses of responses, those of pairs as often as pairs have them; scores of both sides with their target."""
        judged: tuple[Tensor, ...] = ()
        if pairing is not None:
            judged = *pairing.sides(logps), pairing.target
            used = pairing.rows if self.sides == "both" else preferred_rows(pairing)
            logps, tokens = logps[used], tokens[used]
        losses = self.loss(logps, tokens, mean_tokens=mean_tokens)
        check_one_each(losses, len(logps), "response", self.loss)
        return losses, judged

    def training_step(self, batch: PairBatch | ResponseBatch, index: int) -> Tensor:
        """Loss of a batch."""
        responses, pairing = batch if isinstance(batch, PairBatch) else (batch, None)
        logps = in_parts(self.likelihood.response, responses, batch_tokens(self))
        tokens = moved(responses.response_tokens, self.device)
        losses, judged = self._losses(logps, tokens, pairing, self.mean_tokens)
        whole = whole_batch(self, index, losses, judged)
        self.train_figures.update(whole.losses, *whole.columns, weight=whole.weight)
        self.step_figures = step_figures(self, whole.losses.mean(), whole.columns, order_of)
        return whole.loss

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Log the figures of the batch."""
        assert self.step_figures is not None
        log_step(self, self.step_figures)

    def on_validation_epoch_start(self) -> None:
        """Forget the last validation, and what an interrupted one left."""
        self.val_figures.reset()
        self.val_logps.clear()
        self.val_tokens.clear()

    def validation_step(self, batch: ResponseBatch, index: int) -> None:
        """Log-probabilities of a batch of validation responses."""
        self.val_logps.append(self.likelihood.response(batch))
        self.val_tokens.append(moved(batch.response_tokens, self.device))

    def judge_validation(self, pairing: PairIndex | None) -> None:
        """Loss of what the steps of a validation gave, and accuracy where it is of pairs."""
        losses, judged = self._losses(torch.cat(self.val_logps), torch.cat(self.val_tokens), pairing, None)
        self.val_figures.update(losses, *judged)

    def on_validation_epoch_end(self) -> None:
        """Log the loss over the validation responses that were computed, and the accuracy where they are of pairs."""
        self.val_logps = [whole_validation(self, self.val_logps)]
        self.val_tokens = [whole_validation(self, self.val_tokens)]
        pairing = validation_pairing(self, len(self.val_logps[0]))
        if pairing is not None and not pairing.size:
            return
        self.judge_validation(pairing)
        figures = {}
        if pairing is not None:
            figures = order_of(*on_host(*pairing.sides(self.val_logps[0]), pairing.target))
        log_validation(self, self.val_figures, figures)

    def configure_model(self) -> None:
        """Share the model out where the strategy does so."""
        if self.device_mesh is not None:
            shard(self.model, text_body(self.model), self.device_mesh["data_parallel"])
            self.likelihood.response = gathering(self.model, self.likelihood.response)  # type: ignore[method-assign]

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Optimizer and schedule."""
        return configure(self, self.optimizer, self.schedule)

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the gradients."""
        clip_gradients(self, optimizer, gradient_clip_val, gradient_clip_algorithm)

    def save(self, folder: Path) -> None:
        """Write the weights."""
        merged(self.model).save_pretrained(folder)

    def contract_fields(self, train: Examples) -> ContractFields:
        """What the contract says beyond the fields of every model."""
        return {}


def preferred_rows(pairing: PairIndex) -> Tensor:
    """(B,) the response of each pair that its label prefers; of a tie the one listed first."""
    first, second = pairing.rows.chunk(2)
    return torch.where(preferred_side(pairing.target) == 1, second, first)
