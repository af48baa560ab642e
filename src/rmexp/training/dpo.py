"""Direct preference optimisation: a policy whose log-ratio to its reference is an implicit reward."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.optim import Optimizer
from transformers import PreTrainedModel

from rmexp.batches import PairBatch, Pairing, ResponseBatch
from rmexp.data.encode import PairTokens
from rmexp.losses.dpo import DPOLoss
from rmexp.metrics.pair_figures import PairFigures
from rmexp.models.backbone import Backbone, language_model
from rmexp.models.language_model import disable_dropout, response_logprobs
from rmexp.models.length_slices import in_length_slices
from rmexp.scoring.responses import compute
from rmexp.training.optimization import Schedule, batch_accuracy, configure, log_step, log_validation
from rmexp.training.pair_data import PairData, validation_pairing
from rmexp.training.pair_loss import PairLoss

SCORES = ("policy_chosen_logps", "policy_rejected_logps", "reference_chosen_logps", "reference_rejected_logps")


class DPOModule(L.LightningModule):
    """Trains a policy on preference pairs; the reference is the policy before its first step.

    Args:
        start: the language model that is both reference and beginning of the policy.
        loss: of (policy_chosen_logps, policy_rejected_logps, reference_chosen_logps, reference_rejected_logps); it
            names what else it needs, see `PairLoss`.
        optimizer: of the parameters.
        schedule: factor of the learning rate, of (step, total_steps=...).
    """

    kind = "language_model"
    pooling = None
    learns_from = ("pairs",)
    relative = True  # whether scores are relative to the model that training starts from

    def __init__(
        self,
        start: Backbone,
        loss: Callable[..., DPOLoss],
        optimizer: Callable[..., Optimizer],
        schedule: Schedule,
    ) -> None:
        super().__init__()
        self.model: PreTrainedModel = language_model(start, "dpo").causal_lm
        disable_dropout(self.model)
        self.beta, self.reduction = implied_reward(loss)
        self.loss = PairLoss(loss, SCORES, "dpo")
        self.optimizer, self.schedule, self.reference = optimizer, schedule, start.fingerprint
        self.train_figures, self.val_figures = PairFigures(), PairFigures()
        self.val_logps: list[Tensor] = []  # of the responses of the validation that is running

    def setup(self, stage: str) -> None:
        """Compute the reference's log-probabilities once: here the weights are still its own, also when resuming."""
        data = self.trainer.datamodule  # type: ignore[attr-defined]  # set by Trainer.fit
        assert isinstance(data, PairData)
        self.loss.check([*data.train, *data.val], data.batch_pairs)
        self.model.to(self.trainer.strategy.root_device)
        with self.trainer.precision_plugin.forward_context():  # the precision of the policy's own steps
            data.train = with_reference_logps(self.model, data.train, data.batch_pairs)
            data.val = with_reference_logps(self.model, data.val, data.batch_pairs)

    def _judge(self, logps: Tensor, pairing: Pairing, figures: PairFigures) -> tuple[Tensor, Tensor, Tensor]:
        assert pairing.reference_logps is not None
        result: DPOLoss = self.loss(*pairing.sides(logps), *pairing.reference_logps.chunk(2), pairing=pairing)
        figures.update(result.losses, result.chosen_rewards, result.rejected_rewards, pairing.target)
        return result.losses.mean(), result.chosen_rewards, result.rejected_rewards

    def training_step(self, batch: PairBatch, index: int) -> Tensor:
        """Loss of a batch."""
        logps = in_length_slices(partial(response_logprobs, self.model), batch.responses)
        loss, chosen, rejected = self._judge(logps, batch.pairing, self.train_figures)
        log_step(self, loss, batch_accuracy(chosen, rejected, batch.pairing.target), batch.size)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Forget what an interrupted validation left."""
        self.val_logps.clear()

    def validation_step(self, batch: ResponseBatch, index: int) -> None:
        """Log-probabilities of a batch of validation responses."""
        self.val_logps.append(response_logprobs(self.model, batch))

    def on_validation_epoch_end(self) -> None:
        """Log loss and accuracy over all validation pairs."""
        pairing = validation_pairing(self)
        assert pairing is not None
        self._judge(torch.cat(self.val_logps), pairing, self.val_figures)
        log_validation(self, self.val_figures)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Optimizer and schedule."""
        return configure(self, self.optimizer, self.schedule)

    def save(self, folder: Path) -> None:
        """Write the weights."""
        self.model.save_pretrained(folder)

    def contract_fields(self) -> dict[str, Any]:
        """What the contract says beyond the fields of every model."""
        return {"beta": self.beta, "reduction": self.reduction, "reference": self.reference}


def implied_reward(loss: Callable[..., DPOLoss]) -> tuple[float, str]:
    """What a loss takes for a reward: the beta that it multiplies a log-ratio with, and how it reduces it over tokens.

    Told by what it gives for a log-ratio of one nat in all, over one token and over two.

    Raises:
        ValueError: the loss is one of another task, or a coefficient of it is out of range.
    """
    asked = PairLoss(loss, SCORES, "dpo")
    one = torch.ones(1)

    def reward(tokens: int) -> float:
        pairing = Pairing(torch.arange(2), one, one, torch.tensor([tokens, tokens]), None)
        return float(asked(one, *torch.zeros(3, 1), pairing=pairing).chosen_rewards)

    return reward(1), "response_sum" if reward(1) == reward(2) else "response_mean"


def with_reference_logps(causal_lm: PreTrainedModel, pairs: Sequence[PairTokens], batch_pairs: int) -> list[PairTokens]:
    """The pairs with both responses' summed log-probabilities under `causal_lm`, in their old order."""
    responses = [pair.chosen for pair in pairs] + [pair.rejected for pair in pairs]
    logps = [logp for (logp,) in compute(causal_lm, partial(response_logprobs, causal_lm), responses, 2 * batch_pairs)]
    sides = zip(logps[: len(pairs)], logps[len(pairs) :], strict=True)
    return [replace(pair, reference_logps=both) for pair, both in zip(pairs, sides, strict=True)]
