"""How a policy learns from what it sampled: some epochs of minibatches, ended early where it moves too far."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Annotated, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rmexp.losses.clipped_surrogate import clipped_surrogate_loss, clipped_value_loss
from rmexp.losses.kl_estimators import k3
from rmexp.ranges import check_ranges
from rmexp.training.ppo.estimators import Estimator
from rmexp.training.ppo.experience import Experience
from rmexp.training.ppo.kl_control import KLControl
from rmexp.training.ppo.sampler import Rollouts


@dataclass(frozen=True)
class PolicyUpdate:
    """Settings of the updates of one iteration.

    Attributes:
        epochs: over the sampled responses, at least 1.
        minibatches: of an epoch, one optimizer step each, at least 1.
        clip: of the ratio of probabilities, > 0.
        value_clip: how far a value may move in an iteration, > 0.
        value_coefficient: of the value loss, at least 0.
        whiten: whether advantages are whitened over all tokens of the iteration.
        stop_kl: mean divergence of a token, in nats, from the policy that sampled, beyond which the iteration learns no
            more, > 0.
    """

    epochs: Annotated[int, "at least 1"]
    minibatches: Annotated[int, "at least 1"]
    clip: Annotated[float, "> 0 or inf"]
    value_clip: Annotated[float, "> 0 or inf"]
    value_coefficient: Annotated[float, "at least 0"]
    whiten: bool
    stop_kl: Annotated[float, "> 0 or inf"]

    def __post_init__(self) -> None:
        check_ranges(self, "update")

    def parts(self, samples: int, seed: int, iteration: int) -> list[NDArray[np.int64]]:
        """Which responses each minibatch has, over all epochs: a function of seed and iteration alone."""
        random = np.random.default_rng([seed, iteration])
        epochs = [np.array_split(random.permutation(samples), self.minibatches) for _ in range(self.epochs)]
        return [part for parts in epochs for part in parts if len(part)]


class Learning(NamedTuple):
    """Settings of the parts of an iteration; see each."""

    rollouts: Rollouts
    estimator: Estimator
    kl: KLControl
    update: PolicyUpdate


class MinibatchLoss(NamedTuple):
    """What an optimizer step goes down, and what is told of it.

    Attributes:
        loss: scalar.
        sums: (6,) the loss, policy and value losses of tokens, tokens that the clip keeps from learning, divergence of
            tokens, and how many they are: what several processes find of a minibatch adds up.
    """

    loss: Tensor
    sums: Tensor


class UpdateStep(NamedTuple):
    """What is told of an optimizer step.

    Attributes:
        loss: that it goes down.
        policy_loss: mean over tokens, as are the next three.
        value_loss: None without a value model.
        clip_fraction: share of the tokens that the clip keeps from learning.
        divergence: from the policy that sampled, in nats.
    """

    loss: float
    policy_loss: float
    value_loss: float | None
    clip_fraction: float
    divergence: float


def update_step(sums: Tensor, *, uses_values: bool) -> UpdateStep:
    """What the sums of a whole minibatch tell, see `MinibatchLoss`; this waits for the device.

    >>> update_step(torch.tensor([0.5, 2.0, 4.0, 1.0, 3.0, 4.0]), uses_values=True)
    UpdateStep(loss=0.5, policy_loss=0.5, value_loss=1.0, clip_fraction=0.25, divergence=0.75)
    """
    loss, *figures, tokens = sums.tolist()
    policy_loss, value_loss, clipped, divergence = (figure / tokens for figure in figures)
    return UpdateStep(loss, policy_loss, value_loss if uses_values else None, clipped, divergence)


def minibatch_loss(
    logps: Tensor,
    values: Tensor | None,
    some: Experience,
    tokens: float,
    update: PolicyUpdate,
    control: KLControl,
    coefficient: float,
) -> MinibatchLoss:
    """Loss of some responses, each token weighing the same whatever minibatch it is in.

    Args:
        logps: (n, R) under the policy as it is now.
        values: (n, R) likewise; None where no value model learns.
        some: what was sampled, n responses of it.
        tokens: that the sum over those of the responses is divided by: of as many responses as the minibatch has, each
            as long as the mean of the whole iteration.
        update: settings.
        control: says whether the divergence from the reference counts here.
        coefficient: of that divergence.
    """
    mask, old = some.figures.mask, some.figures
    surrogate = clipped_surrogate_loss(logps, old.logps, some.advantages, clip=update.clip)
    losses, value_losses = surrogate.losses, None
    if values is not None:
        value_losses = clipped_value_loss(values, old.values, some.returns, clip=update.value_clip)
        losses = losses + update.value_coefficient * value_losses
    if control.place == "loss":
        losses = losses + coefficient * control.estimate(logps, old.reference_logps)
    loss = (losses * mask).sum() / tokens
    told = [surrogate.losses, surrogate.losses if value_losses is None else value_losses, surrogate.clipped]
    told.append(k3(old.logps, logps.detach()))
    sums = [loss, *((figure * mask).sum() for figure in told), mask.sum()]
    return MinibatchLoss(loss, torch.stack([each.detach().float() for each in sums]))


def update_figures(steps: Sequence[UpdateStep]) -> dict[str, float]:
    """What people watch of the optimizer steps of an iteration: means, and the divergence at its end."""
    figures = {
        "policy_loss": fmean(step.policy_loss for step in steps),
        "clip_fraction": fmean(step.clip_fraction for step in steps),
        "kl": steps[-1].divergence,
        "steps": float(len(steps)),
    }
    values = [step.value_loss for step in steps if step.value_loss is not None]
    return figures | ({"value_loss": fmean(values)} if values else {})
