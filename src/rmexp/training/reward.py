"""Training of an explicit reward model."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, cast

import lightning as L
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.optim import Optimizer

from rmexp.encoding.batches import FeatureBatch, PairBatch, PairIndex, ResponseBatch
from rmexp.encoding.tokens import PairTokens
from rmexp.metrics.pair_figures import PairFigures
from rmexp.models.attention.row_parts import in_parts
from rmexp.models.backbones.backbone import Backbone
from rmexp.models.backbones.language_model import disable_dropout
from rmexp.models.reward_model import RewardModel
from rmexp.phases import Phase, phase
from rmexp.ranges import check_range
from rmexp.scoring.responses import compute
from rmexp.training.data.cached_features import cached_features, feature_batch, stacked
from rmexp.training.data.pair_data import validation_pairing
from rmexp.training.optimization import Schedule, batch_tokens, clip_gradients, configure
from rmexp.training.pair_loss import PairLoss
from rmexp.training.pairs import Pairs
from rmexp.training.processes.sharding import shard
from rmexp.training.processes.whole_batch import whole_batch
from rmexp.training.processes.whole_validation import whole_validation
from rmexp.training.stage import ContractFields, Examples
from rmexp.training.step_figures import (
    StepFigures,
    accuracy_interval,
    log_step,
    log_validation,
    on_host,
    rewards_of,
    step_figures,
)

SCALE_PAIRS = 256  # training pairs that say where the rewards lie; more would cost a short run more than they tell


class RewardModule(L.LightningModule):
    """Trains a reward model on preference pairs.

    Args:
        start: the backbone whose body the reward model takes over, with its head where it has one.
        loss: of (chosen_rewards, rejected_rewards), one value per pair, or per choice where it is one of whole lists;
            it names what else it needs, see `PairLoss`.
        optimizer: of the parameters.
        schedule: factor of the learning rate, of (step, total_steps=...).
        head_lr_factor: of the learning rate of the head, > 0; a pretrained body bears smaller steps than it.

    >>> from rmexp.losses.bradley_terry import bradley_terry_loss
    >>> from rmexp.models.backbones.tiny import tiny
    >>> size = {"hidden_size": 8, "layers": 1, "heads": 1, "vocabulary": 262, "max_positions": 512}
    >>> learnt = {"optimizer": partial(torch.optim.AdamW, lr=1e-3), "schedule": lambda step, total_steps: 1.0}
    >>> RewardModule(tiny(["2 + 2?"], 0, **size), bradley_terry_loss, **learnt, head_lr_factor=1.0).packed
    True
    """

    kind = "reward_model"
    learns_from = ("pairs",)
    relative = False  # whether scores are relative to a reference

    def __init__(
        self,
        start: Backbone,
        loss: Callable[..., Tensor],
        optimizer: Callable[..., Optimizer],
        schedule: Schedule,
        head_lr_factor: Annotated[float, "> 0"],
    ) -> None:
        super().__init__()
        check_range("module.head_lr_factor", head_lr_factor, "> 0")
        self.head_lr_factor = head_lr_factor
        self.pooling = start.pooling
        self.model = RewardModel(
            start.body,
            None if start.head is None else start.head.layer,
            pooling=start.pooling,
            mask_padding=start.mask_padding,
            layout=start.layout,
        )
        disable_dropout(self.model)
        self.loss = PairLoss(loss, "reward")
        self.optimizer, self.schedule = optimizer, schedule
        self.train_figures, self.val_figures = PairFigures(), PairFigures()
        self.step_figures: StepFigures | None = None  # of the batch that is running
        self.validated: tuple[Tensor, Tensor, Tensor] | None = None  # chosen, rejected and target of the last one
        self.val_rewards: list[Tensor] = []  # of the responses of the validation that is running

    def prepared(self, pairs: Pairs) -> Pairs:
        """Refuse pairs that lack what the loss asks for; a frozen body computes all that it will ever be asked."""
        self.loss.check((pairs.train, pairs.val), pairs.batch_pairs)
        if any(parameter.requires_grad for parameter in self.model.body.parameters()):
            return pairs
        self.model.to(self.trainer.strategy.root_device)
        with phase(Phase.TRAINING, "features of the frozen body"), self.trainer.precision_plugin.forward_context():
            features = cached_features(self.model, [*pairs.train, *pairs.val])
        return pairs._replace(
            pack=partial(feature_batch, features=features), pack_responses=partial(stacked, features=features)
        )

    @property
    def packed(self) -> bool:
        """Whether batches are computed in packed rows."""
        return self.model.packed

    def training_step(self, batch: PairBatch | FeatureBatch, index: int) -> Tensor:
        """Loss of a batch."""
        if isinstance(batch, FeatureBatch):
            rewards = self.model.reward(batch.hidden)
        else:
            rewards = in_parts(self.model, batch.responses, batch_tokens(self))
        sides, target = batch.pairing.sides(rewards), batch.pairing.target
        whole = whole_batch(self, index, self.loss(*sides, pairing=batch.pairing), (*sides, target))
        self.train_figures.update(whole.losses, *whole.columns, weight=whole.weight)
        self.step_figures = step_figures(self, whole.losses.mean(), whole.columns, rewards_of)
        return whole.loss

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Log the figures of the batch."""
        assert self.step_figures is not None
        log_step(self, self.step_figures)

    def on_validation_epoch_start(self) -> None:
        """Forget the last validation, and what an interrupted one left."""
        self.val_figures.reset()
        self.val_rewards.clear()

    def validation_step(self, batch: ResponseBatch | Tensor, index: int) -> None:
        """Rewards of a batch of validation responses, or of what a frozen body made of them."""
        self.val_rewards.append(self.model.reward(batch) if isinstance(batch, Tensor) else self.model(batch))

    def judge_validation(self, pairing: PairIndex | None) -> None:
        """Loss and accuracy of what the steps of a validation gave."""
        assert pairing is not None
        chosen, rejected = pairing.sides(torch.cat(self.val_rewards))
        self.validated = chosen, rejected, pairing.target
        self.val_figures.update(self.loss(chosen, rejected, pairing=pairing), *self.validated)

    def on_validation_epoch_end(self) -> None:
        """Log loss and accuracy over the validation pairs that were computed."""
        self.val_rewards = [whole_validation(self, self.val_rewards)]
        pairing = validation_pairing(self, len(self.val_rewards[0]))
        if pairing is not None and not pairing.size:
            return
        self.judge_validation(pairing)
        assert self.validated is not None
        interval = accuracy_interval(self, *self.validated)
        log_validation(self, self.val_figures, rewards_of(*on_host(*self.validated)), interval)

    def configure_model(self) -> None:
        """Share the model out where the strategy does so."""
        if self.device_mesh is not None:
            if not any(parameter.requires_grad for parameter in self.model.body.parameters()):
                raise ValueError("model.trained=head has next to nothing that could be shared out (set trainer=ddp)")
            shard(self.model, self.model.body, self.device_mesh["data_parallel"])

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Optimizer and schedule."""
        return configure(self, self.optimizer, self.schedule, {"model.head.": self.head_lr_factor})

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
        self.model.save(folder)

    def contract_fields(self, train: Examples) -> ContractFields:
        """Mean and standard deviation of the rewards of training responses: of `SCALE_PAIRS` pairs, evenly spread."""
        known = cast(Sequence[PairTokens], train)
        taken = min(SCALE_PAIRS, len(known))
        pairs = [known[number * len(known) // taken] for number in range(taken)]
        responses = [pair.chosen for pair in pairs] + [pair.rejected for pair in pairs]
        with phase(Phase.EVALUATING, "training pairs, for the scale of the rewards"):
            rewards = torch.tensor(compute(self.model, self.model, responses, packed=self.packed))
        if not rewards.isfinite().all():
            broken = int((~rewards.isfinite()).sum())
            raise ValueError(
                f"the finished model gives {broken} of {len(rewards)} training responses rewards that are not finite "
                "(set a lower optimizer.lr, or trainer.precision=32-true)"
            )
        return {
            "reward_mean": float(rewards.mean()),
            "reward_sd": float(rewards.std()),
            "reward_responses": len(rewards),
        }
