"""Direct preference optimisation: a policy whose log-ratio to its reference is an implicit reward."""

import copy
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import lightning as L
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.optim import Optimizer
from transformers import PreTrainedModel

from rmexp.encoding.batches import PairBatch, PairIndex, ResponseBatch
from rmexp.losses.dpo import DPOLoss
from rmexp.metrics.pair_figures import PairFigures
from rmexp.models.attention.row_parts import in_parts
from rmexp.models.backbones.backbone import Backbone, language_model
from rmexp.models.backbones.language_model import LanguageModel, disable_dropout
from rmexp.models.backbones.location import is_adapter
from rmexp.models.backbones.text_body import text_body
from rmexp.models.backbones.trained_weights import merged
from rmexp.models.likelihood import Likelihood
from rmexp.phases import Phase, phase
from rmexp.training.data.pair_data import validation_pairing
from rmexp.training.data.reference_logps import weights_fingerprint, with_reference_logps
from rmexp.training.optimization import Schedule, batch_tokens, clip_gradients, configure
from rmexp.training.pair_loss import PairLoss
from rmexp.training.pairs import Pairs
from rmexp.training.processes.sharding import gathering, shard
from rmexp.training.processes.whole_batch import whole_batch
from rmexp.training.processes.whole_validation import whole_validation
from rmexp.training.stage import ContractFields, Examples
from rmexp.training.step_figures import (
    Column,
    StepFigures,
    accuracy_interval,
    log_step,
    log_validation,
    on_host,
    policy_figures,
    rewards_of,
    step_figures,
)

REFERENCE_LOGPS = ("precomputed", "online")


class DPOModule(L.LightningModule):
    """Trains a policy on preference pairs; unless one is given, its reference is the policy before its first step.

    Args:
        start: the language model that the policy starts from.
        loss: of (policy_chosen_logps, policy_rejected_logps, reference_chosen_logps, reference_rejected_logps); it
            names what else it needs, see `PairLoss`.
        optimizer: of the parameters.
        schedule: factor of the learning rate, of (step, total_steps=...).
        reference_logps: `precomputed` once and kept in data.cache_dir, or `online`, computed with each batch.
        reference: the language model that the policy is measured against; None for its start.

    >>> from rmexp.losses.dpo import dpo_loss
    >>> from rmexp.models.backbones.tiny import tiny
    >>> size = {"hidden_size": 8, "layers": 1, "heads": 1, "vocabulary": 262, "max_positions": 512}
    >>> learnt = {"optimizer": partial(torch.optim.AdamW, lr=1e-3), "schedule": lambda step, total_steps: 1.0}
    >>> module = DPOModule(tiny(["2 + 2?"], 0, **size), partial(dpo_loss, beta=0.5), **learnt, reference_logps="online")
    >>> module.beta, module.reduction
    (0.5, 'response_sum')
    """

    kind = "language_model"
    pooling = None
    learns_from = ("pairs",)
    relative = True  # whether scores are relative to a reference

    def __init__(
        self,
        start: Backbone,
        loss: Callable[..., DPOLoss],
        optimizer: Callable[..., Optimizer],
        schedule: Schedule,
        reference_logps: Literal["precomputed", "online"],
        reference: LanguageModel | None = None,
    ) -> None:
        super().__init__()
        if reference_logps not in REFERENCE_LOGPS:
            choices = ", ".join(REFERENCE_LOGPS)
            raise ValueError(f"module.reference_logps must be one of {choices}, got {reference_logps}")
        self.model: PreTrainedModel = language_model(start, "dpo").causal_lm
        disable_dropout(self.model)
        self.likelihood = Likelihood(self.model, start.layout)
        self.beta, self.reduction = implied_reward(loss)
        self.loss = PairLoss(loss, "dpo")
        measured = reference or start
        self.optimizer, self.schedule, self.reference = optimizer, schedule, measured.fingerprint
        self.reference_is_named = self.reference is not None and not is_adapter(measured.base_model)
        # Neither is a part of the module: they are read or copied anew in every process, and no checkpoint needs them.
        self.other_reference: Likelihood | None = None
        self.online_reference: Likelihood | None = None
        if reference is not None:
            self.other_reference = Likelihood(reference.causal_lm.eval(), start.layout)
        if reference_logps == "online":
            own = self.other_reference or Likelihood(copy.deepcopy(self.model).requires_grad_(False), start.layout)
            self.online_reference = own
        self.train_figures, self.val_figures = PairFigures(), PairFigures()
        self.step_figures: StepFigures | None = None  # of the batch that is running
        self.validated: tuple[Tensor, Tensor, Tensor] | None = None  # chosen, rejected and target of the last one
        self.val_logps: list[Tensor] = []  # of the responses of the validation that is running

    def prepared(self, pairs: Pairs) -> Pairs:
        """The pairs with the reference's log-probabilities: here the policy's weights are those that it starts from."""
        self.loss.check((pairs.train, pairs.val), pairs.batch_pairs)
        self.model.to(self.trainer.strategy.root_device)
        reference = self.other_reference or self.likelihood
        for likelihood in filter(None, (self.online_reference, self.other_reference)):
            likelihood.causal_lm.to(self.trainer.strategy.root_device)
        computed = phase(Phase.TRAINING, "log-probabilities of the reference")
        with computed, self.trainer.precision_plugin.forward_context():  # the precision of the policy's own steps
            # The fingerprint of an adapter says nothing of what it adapts.
            weights = self.reference if self.reference_is_named else weights_fingerprint(reference.causal_lm)
            state = f"{weights} {self.trainer.precision}"
            known = partial(with_reference_logps, reference, cache_dir=pairs.cache_dir, state=state)
            val = known(pairs.val)
            train = known(pairs.train) if self.online_reference is None else pairs.train
        if self.other_reference is not None and self.online_reference is None:
            self.other_reference.causal_lm.cpu()  # it is not asked again in this run
        return pairs._replace(train=train, val=val)

    @property
    def packed(self) -> bool:
        """Whether batches are computed in packed rows."""
        return self.likelihood.packed

    def _with_reference(self, batch: PairBatch) -> PairIndex:
        """The pairs of a training batch with the reference's log-probabilities."""
        if self.online_reference is None:
            return batch.pairing
        with torch.no_grad():
            logps = self.online_reference.response(batch.responses)
        return batch.pairing._replace(reference_logps=logps[batch.pairing.rows])

    def _judge(self, logps: Tensor, pairing: PairIndex) -> DPOLoss:
        assert pairing.reference_logps is not None
        found: DPOLoss = self.loss(*pairing.sides(logps), *pairing.reference_logps.chunk(2), pairing=pairing)
        return found

    def training_step(self, batch: PairBatch, index: int) -> Tensor:
        """Loss of a batch."""
        logps = in_parts(self.likelihood.response, batch.responses, batch_tokens(self))
        pairing = self._with_reference(batch)
        result = self._judge(logps, pairing)
        assert pairing.reference_logps is not None
        sides = (*pairing.sides(logps), *pairing.reference_logps.chunk(2))
        columns = (result.chosen_rewards, result.rejected_rewards, pairing.target, *sides)
        whole = whole_batch(self, index, result.losses, columns)
        self.train_figures.update(whole.losses, *whole.columns[:3], weight=whole.weight)
        self.step_figures = step_figures(self, whole.losses.mean(), whole.columns, _figures)
        return whole.loss

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Log the figures of the batch."""
        assert self.step_figures is not None
        log_step(self, self.step_figures)

    def on_validation_epoch_start(self) -> None:
        """Forget the last validation, and what an interrupted one left."""
        self.val_figures.reset()
        self.val_logps.clear()

    def validation_step(self, batch: ResponseBatch, index: int) -> None:
        """Log-probabilities of a batch of validation responses."""
        self.val_logps.append(self.likelihood.response(batch))

    def judge_validation(self, pairing: PairIndex | None) -> None:
        """Loss and accuracy of what the steps of a validation gave."""
        assert pairing is not None
        result = self._judge(torch.cat(self.val_logps), pairing)
        self.validated = result.chosen_rewards, result.rejected_rewards, pairing.target
        self.val_figures.update(result.losses, *self.validated)

    def on_validation_epoch_end(self) -> None:
        """Log loss and accuracy over the validation pairs that were computed."""
        self.val_logps = [whole_validation(self, self.val_logps)]
        pairing = validation_pairing(self, len(self.val_logps[0]))
        if pairing is not None and not pairing.size:
            return
        self.judge_validation(pairing)
        assert pairing is not None
        assert self.validated is not None
        interval = accuracy_interval(self, *self.validated)
        assert pairing.reference_logps is not None
        sides = (*pairing.sides(self.val_logps[0]), *pairing.reference_logps.chunk(2))
        log_validation(self, self.val_figures, _figures(*on_host(*self.validated, *sides)), interval)

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
        return {"beta": self.beta, "reduction": self.reduction, "reference": self.reference}


def _figures(chosen: Column, rejected: Column, target: Column, *logps: Column) -> dict[str, float]:
    """Of pairs by their implicit rewards; log-probabilities of both sides under policy and reference follow these."""
    first, second, reference_first, reference_second = logps
    policy = policy_figures((first, second), (reference_first, reference_second), target)
    return rewards_of(chosen, rejected, target) | policy


def implied_reward(loss: Callable[..., DPOLoss]) -> tuple[float, str]:
    """What a loss takes for a reward: the beta that it multiplies a log-ratio with, and how it reduces it over tokens.

    Told by what it gives for a log-ratio of one nat in all, over one token and over two.

    Raises:
        ValueError: the loss is one of another task, or a coefficient of it is out of range.
    """
    asked = PairLoss(loss, "dpo")
    one = torch.ones(1)

    def reward(tokens: int) -> float:
        pairing = PairIndex(torch.arange(2), one, one, torch.tensor([tokens, tokens]), None)
        return float(asked(one, *torch.zeros(3, 1), pairing=pairing).chosen_rewards)

    return reward(1), "response_sum" if reward(1) == reward(2) else "response_mean"
