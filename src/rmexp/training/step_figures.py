"""The figures of a batch: computed where its loss is, read once, when everything of the step is under way.

Each figure read by itself would make the host wait for the device.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import lightning as L
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer

from rmexp.hardware.memory import peak_memory_mb
from rmexp.losses.kl_estimators import k2
from rmexp.metrics.pair_credit import pair_credit
from rmexp.metrics.pair_figures import PairFigures
from rmexp.metrics.preferred_side import is_tie, preferred_side
from rmexp.statistics.shares import clustered_share
from rmexp.training.callbacks.throughput import Throughput
from rmexp.training.step_guard import StepGuard

ORDER = ("accuracy", "margin")  # what pairs have whatever their scores are
REWARDS = ("margin_sd", "mean_reward", "reward_sd", "min_reward", "max_reward", "rewards/chosen", "rewards/rejected")
LOGPS = ("logps/chosen", "logps/rejected")
NOTHING: Mapping[str, Tensor] = MappingProxyType({})


class StepFigures(NamedTuple):
    """What is logged of a batch.

    Attributes:
        names: of the values.
        values: (N,) float32 on the device; not a number where undefined.
        lr: learning rate that the step is made with.
        step: that the batch belongs to, counted from 1.
    """

    names: tuple[str, ...]
    values: Tensor
    lr: float
    step: int


def step_figures(module: L.LightningModule, loss: Tensor, pairs: Mapping[str, Tensor] = NOTHING) -> StepFigures:
    """The figures of a batch, of whose loss the module's guard takes note; nothing waits for the device.

    Args:
        module: in training.
        loss: mean of the batch.
        pairs: figures of its pairs, as `order_of` and `rewards_of` give them.
    """
    optimizer = module.optimizers()
    assert isinstance(optimizer, Optimizer)
    guard: StepGuard | None = getattr(module, "guard", None)
    if guard is not None:
        guard.add(loss)
    found = {"loss": loss.detach().float(), **pairs}
    names = tuple(f"train/{name}" for name in found)
    return StepFigures(names, torch.stack([*found.values()]), optimizer.param_groups[0]["lr"], module.global_step + 1)


def order_of(chosen: Tensor, rejected: Tensor, target: Tensor) -> dict[str, Tensor]:
    """Accuracy and mean margin of pairs, the better side less the other; not a number where all are ties.

    Args:
        chosen: (B,) scores of the responses listed first.
        rejected: (B,) of those listed second.
        target: (B,) probability in [0, 1] that the first is the better one.

    >>> found = order_of(torch.tensor([2.0, 1.0]), torch.tensor([1.0, 4.0]), torch.tensor([1.0, 0.0]))
    >>> float(found["accuracy"]), float(found["margin"])
    (1.0, 2.0)
    """
    return _ordered(_by_label(chosen, rejected, target)).figures


def rewards_of(chosen: Tensor, rejected: Tensor, target: Tensor) -> dict[str, Tensor]:
    """The same and how rewards are distributed: names of TRL's reward and DPO trainers, where these have one.

    Deviations are of the batch itself, divided by its number.

    Args:
        chosen: see `order_of`.
        rejected: see `order_of`.
        target: see `order_of`.
    """
    sides = _by_label(chosen, rejected, target)
    order = _ordered(sides)
    spread = ((order.margins - order.figures["margin"]).square() * sides.weight).sum() / sides.labelled
    variance, mean = torch.var_mean(sides.values, correction=0)
    values = (spread.sqrt(), mean, variance.sqrt(), *sides.values.aminmax(), *sides.means())
    return order.figures | dict(zip(REWARDS, values, strict=True))


def policy_figures(logps: tuple[Tensor, Tensor], reference: tuple[Tensor, Tensor], target: Tensor) -> dict[str, Tensor]:
    """Mean log-probabilities of better and other responses, and how far the policy is from its reference.

    The divergence is estimated by k2, half the squared log-ratio: the responses are those of the data, samples of
    neither model, and k2 is the estimator that stays the same whichever of the two is taken for their source.

    Args:
        logps: (B,) of the responses listed first and (B,) of those listed second, summed over tokens, in nats.
        reference: the same under the reference.
        target: (B,) probability in [0, 1] that the first is the better one.

    >>> one, two = torch.tensor([-1.0]), torch.tensor([-4.0])
    >>> found = policy_figures((one, two), (one, two + 2.0), torch.tensor([1.0]))
    >>> {name: float(value) for name, value in found.items()}
    {'logps/chosen': -1.0, 'logps/rejected': -4.0, 'kl': 1.0}
    """
    sides, known = _by_label(*logps, target), torch.stack(reference).float()
    means = dict(zip(LOGPS, sides.means(), strict=True))
    return means | {"kl": k2(torch.stack(logps).detach().float(), known).mean()}


class _Sides(NamedTuple):
    """Figures of pairs, the better side first.

    Attributes:
        values: (2, B) float32.
        weight: (B,) 0 where the label is a tie, else 1.
        labelled: how many have a better side.
    """

    values: Tensor
    weight: Tensor
    labelled: Tensor

    def means(self) -> Tensor:
        """(2,) of the better and of the other side."""
        return (self.values * self.weight).sum(1) / self.labelled


def _by_label(first: Tensor, second: Tensor, target: Tensor) -> _Sides:
    listed = torch.stack([first, second]).detach().float()
    weight = (~is_tie(target)).float()
    return _Sides(torch.where(preferred_side(target) == 1, listed.flip(0), listed), weight, weight.sum())


class _Order(NamedTuple):
    """Accuracy and margin of pairs, and the margins one by one."""

    figures: dict[str, Tensor]
    margins: Tensor


def _ordered(sides: _Sides) -> _Order:
    better, other = sides.values
    credit = pair_credit(better, other, 0.5 + 0.5 * sides.weight).credit  # in this order, the first is the better one
    margins = better - other
    figures = torch.stack([credit, margins * sides.weight]).sum(1) / sides.labelled
    return _Order(dict(zip(ORDER, figures, strict=True)), margins)


def log_step(module: L.LightningModule, found: StepFigures) -> None:
    """Give the loggers what `step_figures` gave for a batch that ends a step, if it is time for it.

    They are told themselves: Lightning's way to them takes half a millisecond a figure.

    Args:
        module: that logs; `module.logged` has the figures afterwards, for those who show them.
        found: of the batch that is done.
    """
    trainer = module.trainer
    if module.global_step != found.step or found.step % max(1, trainer.log_every_n_steps):  # type: ignore[attr-defined]
        return
    names, values = found.names, found.values
    guard: StepGuard | None = getattr(module, "guard", None)
    if guard is not None and guard.norm is not None:
        names, values = (*names, "train/grad_norm"), torch.cat([values, guard.norm.to(values)[None]])
    logged = {name: value for name, value in zip(names, values.tolist(), strict=True) if _defined(name, value)}
    logged |= {"lr": found.lr, "memory_mb": _memory_mb(module)}
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, Throughput):
            logged |= callback.figures()
    module.logged = logged  # type: ignore[assignment]  # not a module, nor a tensor
    for logger in trainer.loggers:
        logger.log_metrics(logged, step=found.step)


def _memory_mb(module: L.LightningModule) -> float:
    """The most that the device has held, in MiB; of the process where the processor computes."""
    if module.device.type == "cuda":
        return torch.cuda.max_memory_allocated(module.device) / 2**20
    return peak_memory_mb()


def accuracy_interval(module: L.LightningModule, chosen: Tensor, rejected: Tensor, target: Tensor) -> dict[str, float]:
    """Ends of the 95 % interval of the validation accuracy, by the clusters that the module was told of, if any.

    Args:
        module: with (N,) `val_clusters`; None where nobody told it.
        chosen: (N,) scores of the responses listed first.
        rejected: (N,) of those listed second.
        target: (N,) probability in [0, 1] that the first is the better one.
    """
    clusters: NDArray[np.int64] | None = getattr(module, "val_clusters", None)
    if clusters is None or len(clusters) != len(target):
        return {}
    judged = pair_credit(chosen.detach().float(), rejected.detach().float(), target)
    labelled = (judged.weight > 0).cpu().numpy()
    share = clustered_share(judged.credit.cpu().numpy()[labelled], clusters[labelled])
    if share.low is None or share.high is None:
        return {}
    return {"accuracy_low": share.low, "accuracy_high": share.high}


def log_validation(
    module: L.LightningModule,
    figures: PairFigures,
    pairs: Mapping[str, Tensor] = NOTHING,
    interval: Mapping[str, float] = MappingProxyType({}),
) -> None:
    """Log a finished validation at the step that it follows.

    Args:
        module: that was validated; what it has been told of `cut_shares` is logged, too.
        figures: of all validation examples.
        pairs: figures of its pairs, as `order_of` and `rewards_of` give them.
        interval: of its accuracy.
    """
    found = {**pairs, "loss": figures.loss.compute(), "accuracy": figures.accuracy.compute()}
    values = torch.stack([*found.values()]).tolist()
    # Lightning's own count of steps can lag by one after a validation, so the step is said with the figures.
    logged = {f"val/{name}": value for name, value in [*zip(found, values, strict=True), *interval.items()]}
    cut_shares: Mapping[str, float] = getattr(module, "cut_shares", {})
    logged |= {f"{split}/cut_share": share for split, share in cut_shares.items()}
    log_values(module, {**logged, "step": float(module.global_step)})


def log_values(module: L.LightningModule, values: Mapping[str, float], size: int | None = None) -> None:
    """Log numbers that the host has, as tensors of the host: Lightning would send a plain one to the device and back.

    Args:
        module: that logs.
        values: by the names of `logged_figures`.
        size: examples of the batch.
    """
    known = {name: torch.tensor(value) for name, value in values.items() if _defined(name, value)}
    module.log_dict(known, batch_size=size)


def _defined(name: str, value: float) -> bool:
    """Whether a figure is one: of pairs, it is no number where there were none, or ties alone."""
    return not math.isnan(value) or name.endswith("/loss")
