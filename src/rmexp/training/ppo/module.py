"""Proximal policy optimisation: a policy that learns from what a scorer says of the responses it samples.

An iteration samples, scores and learns. It is a function of the weights, the optimizer's state, the KL coefficient and
its own number, so that a run goes on from a checkpoint as if nothing had been.
"""

import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer
from transformers import PreTrainedModel

from rmexp.hardware.group import added
from rmexp.models.actor_critic import ActorCritic
from rmexp.models.backbones.backbone import Backbone, language_model
from rmexp.models.backbones.language_model import LanguageModel, disable_dropout
from rmexp.models.backbones.trained_weights import merged
from rmexp.models.likelihood import Likelihood
from rmexp.phases import Phase, phase
from rmexp.records import Prompt
from rmexp.training.data.loader import TrainingLoader
from rmexp.training.optimization import Schedule, batch_tokens, configure
from rmexp.training.ppo.collapse import PolicyCollapsed, refuse_collapse, refuse_nonfinite
from rmexp.training.ppo.experience import (
    Experience,
    RewardScale,
    TokenFigures,
    experience,
    explained_variance,
    response_rewards,
    sampled_figures,
    token_rewards,
)
from rmexp.training.ppo.judgement import Judgement, judgement
from rmexp.training.ppo.policy_update import (
    Learning,
    MinibatchLoss,
    UpdateStep,
    minibatch_loss,
    update_figures,
    update_step,
)
from rmexp.training.ppo.prompt_data import PromptData
from rmexp.training.ppo.sampler import Sampler, Samples
from rmexp.training.ppo.shares import of_all, own_part, own_prompts
from rmexp.training.ppo.token_pass import token_figures, token_values
from rmexp.training.stage import ContractFields
from rmexp.training.step_figures import log_values
from rmexp.training.step_guard import nonfinite_weights

EVALUATION = -1  # number of the draw that policies are compared by


class PPOModule(L.LightningModule):
    """Trains a policy on the rewards of its own samples.

    Args:
        start: the language model that the policy starts from.
        reference: the one that it is held near and measured against; None for its start.
        critic: body that the value model starts from; None where values are read from the policy's own hidden states,
            or none are needed.
        sampler: of responses, and their rewards.
        learning: settings.
        optimizer: of the parameters.
        schedule: factor of the learning rate, of (iteration, total_steps=...).
        gradient_limit: largest norm of a step's gradient; None leaves it.
    """

    kind = "language_model"
    pooling = None
    relative = True  # whether scores are relative to a reference

    def __init__(
        self,
        start: Backbone,
        reference: LanguageModel | None,
        critic: PreTrainedModel | None,
        sampler: Sampler,
        learning: Learning,
        optimizer: Callable[..., Optimizer],
        schedule: Schedule,
        gradient_limit: float | None,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.reference = (reference or start).fingerprint
        policy = language_model(start, "ppo").causal_lm.eval()
        disable_dropout(policy)
        # Not a part of the module: it is read or copied anew in every process, and no checkpoint needs it.
        held_near = copy.deepcopy(policy) if reference is None else reference.causal_lm.eval()
        self.reference_likelihood = Likelihood(held_near, start.layout)
        self.model = ActorCritic(policy, critic, start.layout)
        self.sampler, self.learning = sampler, learning
        self.optimizer, self.schedule, self.gradient_limit = optimizer, schedule, gradient_limit
        self.scale = RewardScale(0.0, 1.0)  # until `use_scale`
        self.kl_coefficient = learning.kl.coefficient
        self.last_samples: tuple[Samples, Tensor] | None = None  # of the newest iteration, with their divergences

    def on_train_start(self) -> None:
        """Go on after the iterations that a checkpoint has seen."""
        loader = self.trainer.train_dataloader
        assert isinstance(loader, TrainingLoader)
        loader.done = self.trainer.fit_loop.epoch_loop.batch_progress.current.completed

    def setup(self, stage: str) -> None:
        """Find out where rewards lie: here the weights are still those it starts from, also when resuming."""
        if self.device_mesh is not None:
            raise ValueError("task=ppo keeps the whole policy on every device (set trainer=ddp in the place of fsdp)")
        with phase(Phase.EVALUATING, "fresh samples of the starting policy"):
            self.before = self.judged()
        if not self.before.sd > 0:
            raise ValueError(
                f"scorer {self.sampler.scorer.name} gives every response of the starting policy the same reward, "
                f"{self.before.mean:g}: there is nothing to learn from it (set scorer)"
            )
        if self.learning.rollouts.standardised:
            self.scale = RewardScale(self.before.mean, self.before.sd)

    def judged(self) -> Judgement:
        """Fresh samples of the policy as it is now: the same draws each time."""
        device = self.trainer.strategy.root_device
        self.to(device)
        self.reference_likelihood.causal_lm.to(device)
        count = self.learning.rollouts.evaluation_samples
        prompts = self._data.val_prompts[:count]
        with self.trainer.precision_plugin.forward_context():
            samples, figures, _ = self._sampled(prompts, math.ceil(count / len(prompts)), EVALUATION)
        return judgement(samples, figures)

    def training_step(self, prompts: Sequence[int], index: int) -> None:
        """One iteration."""
        chosen = [self._data.prompts[prompt] for prompt in prompts]
        samples, figures, times = self._sampled(chosen, self.learning.estimator.responses, index)
        began = time.perf_counter()
        watched = sampled_figures(samples, figures)
        refuse_collapse(watched, self.learning.kl.limit, self.learning.rollouts.empty_limit, index + 1)
        steps, explained, objective = self._learn(samples, figures, index)
        logged = {"lr": self.optimizers().param_groups[0]["lr"]}  # type: ignore[union-attr]
        self.lr_schedulers().step()  # type: ignore[union-attr]
        self.last_samples = samples, figures.divergences
        logged |= {f"rollout/{name}": value for name, value in watched.items()} | {"rollout/objective": objective}
        logged |= {f"update/{name}": value for name, value in update_figures(steps).items()}
        logged["kl_coefficient"] = self.kl_coefficient
        if self.learning.estimator.uses_values:
            logged["update/explained_variance"] = explained
        times["update"] += time.perf_counter() - began
        logged |= {f"seconds/{name}": seconds for name, seconds in times.items()}
        self.kl_coefficient = self.learning.kl.adapted(self.kl_coefficient, watched["kl"])
        log_values(self, {**logged, "step": float(index + 1)}, len(samples.texts))

    def _sampled(
        self, prompts: Sequence[Prompt], responses: int, number: int
    ) -> tuple[Samples, TokenFigures, dict[str, float]]:
        """Scored responses of the policy as it is now, their figures, and the seconds that each part took."""
        own, seconds = own_prompts(len(prompts)), [time.perf_counter()]

        def work() -> tuple[Samples, TokenFigures]:
            part = [prompts[place] for place in own]
            samples = self.sampler.sample(self.model.policy, part, responses, number, own.start)
            seconds.append(time.perf_counter())
            with torch.autocast(self.device.type, enabled=False):  # a scorer computes as it does elsewhere
                samples = self.sampler.score(samples)
            seconds.append(time.perf_counter())
            passed = (self.model, self.reference_likelihood, samples.responses)
            return samples, token_figures(*passed, self.device, batch_tokens(self))

        found = of_all(work, self.device)
        seconds.append(time.perf_counter())
        parts = zip(("generation", "scoring", "update"), pairwise(seconds), strict=True)
        return *found, {name: end - start for name, (start, end) in parts}

    def _learn(self, samples: Samples, figures: TokenFigures, index: int) -> tuple[list[UpdateStep], float, float]:
        """Optimizer steps on what was sampled; what each told, how well values foresaw returns, the mean return."""
        rewards = response_rewards(samples, self.learning.rollouts, self.scale, self.device)
        by_token = token_rewards(rewards, figures, self.learning.kl, self.kl_coefficient)
        learnt = experience(samples, figures, by_token, self.learning.estimator, whiten=self.learning.update.whiten)
        explained = explained_variance(figures.values, learnt.returns, figures.mask)
        return list(self._steps(learnt, index)), explained, by_token.sum(dim=1).mean().item()

    def _steps(self, learnt: Experience, index: int) -> Iterator[UpdateStep]:
        """Steps until one would be taken too far from the policy that sampled; the first is where that one is."""
        optimizer: Any = self.optimizers()
        mean_tokens = float(learnt.figures.mask.sum() / len(learnt.responses))
        for number, part in enumerate(self.learning.update.parts(len(learnt.responses), self.sampler.seed, index)):
            found = self._minibatch(learnt, part, mean_tokens)
            step = update_step(added(found.sums), uses_values=self.learning.estimator.uses_values)
            if number and step.divergence > self.learning.update.stop_kl:
                return
            optimizer.zero_grad()
            self.manual_backward(found.loss)
            norm = torch.nn.utils.clip_grad_norm_(self.parameters(), self.gradient_limit or float("inf"))
            refuse_nonfinite(step.loss, norm.item(), index + 1)
            optimizer.step()
            yield step

    def _minibatch(self, learnt: Experience, part: NDArray[np.int64], mean_tokens: float) -> MinibatchLoss:
        """What a step goes down; of several processes each has its part, and gradients are averaged over them."""
        own, ranks = own_part(part, learnt.responses), self.trainer.world_size
        some = learnt.some(torch.from_numpy(own if len(own) else part[:1]).to(self.device))
        width = learnt.advantages.shape[1]
        logps, values = token_values(self.model, some.responses, width, self.device, batch_tokens(self))
        settings = (self.learning.update, self.learning.kl, self.kl_coefficient)
        used = values if self.learning.estimator.uses_values else None
        found = minibatch_loss(logps, used, some, len(part) * mean_tokens, *settings)
        if ranks == 1:
            return found
        loss = found.loss * ranks + 0.0 * values.sum()  # gradients of all parameters are waited for
        return MinibatchLoss(loss, found.sums) if len(own) else MinibatchLoss(0.0 * loss, 0.0 * found.sums)

    @property
    def _data(self) -> PromptData:
        data = self.trainer.datamodule  # type: ignore[attr-defined]  # set by Trainer.fit
        assert isinstance(data, PromptData)
        return data

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Optimizer and schedule."""
        return configure(self, self.optimizer, self.schedule)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """The coefficient goes with the weights, which nobody could go on from unless they are finite."""
        if names := nonfinite_weights(self):
            raise PolicyCollapsed(f"the weights are not finite, {names[0]} among them (set a lower optimizer.lr)")
        checkpoint["kl_coefficient"] = self.kl_coefficient

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Likewise."""
        self.kl_coefficient = checkpoint["kl_coefficient"]

    def save(self, folder: Path) -> None:
        """Write the policy's weights."""
        merged(self.model.policy).save_pretrained(folder)

    def contract_fields(self) -> ContractFields:
        """A policy's log-ratio times the KL coefficient is the reward it believes in, up to what a prompt decides."""
        beta = self.kl_coefficient * self.scale.sd
        implied: ContractFields = {"beta": beta, "reduction": "response_sum"} if beta else {}
        return {**implied, "reference": self.reference}
