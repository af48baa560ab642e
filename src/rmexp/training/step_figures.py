"""The figures of a batch: read from the device at once, when everything of the step is under way, and computed here.

Each figure read by itself would make the host wait for the device, and each computed there, or by numpy, is a handful
of small operations more. Plain numbers are quicker: a batch has few pairs.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
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
from rmexp.metrics.pair_credit import credit_of, pair_credit
from rmexp.metrics.pair_figures import PairFigures
from rmexp.metrics.preferred_side import is_tie, preferred_side
from rmexp.statistics.shares import clustered_share
from rmexp.training.callbacks.throughput import Throughput
from rmexp.training.step_guard import StepGuard

REWARDS = ("margin_sd", "mean_reward", "reward_sd", "min_reward", "max_reward", "rewards/chosen", "rewards/rejected")
LOGPS = ("logps/chosen", "logps/rejected")
Column = Sequence[float]  # (B,) of pairs
FiguresOf = Callable[..., Mapping[str, float]]  # of columns


class StepFigures(NamedTuple):
    """What is logged of a batch, as it lies on the device.

    Attributes:
        loss: () mean of the batch.
        columns: (B,) figures of its pairs each; none where it is of no pairs.
        of: makes the figures of the pairs of the columns, once they are on the host.
        lr: learning rate that the step is made with.
        step: that the batch belongs to, counted from 1.
    """

    loss: Tensor
    columns: tuple[Tensor, ...]
    of: FiguresOf
    lr: float
    step: int


def step_figures(
    module: L.LightningModule, loss: Tensor, columns: Sequence[Tensor] = (), of: FiguresOf = dict
) -> StepFigures:
    """The figures of a batch, of whose loss the module's guard takes note; nothing waits for the device.

    Args:
        module: in training.
        loss: mean of the batch.
        columns: (B,) figures of its pairs each.
        of: makes the figures of the pairs of them, such as `order_of` or `rewards_of`.
    """
    optimizer = module.optimizers()
    assert isinstance(optimizer, Optimizer)
    guard: StepGuard | None = getattr(module, "guard", None)
    if guard is not None:
        guard.add(loss)
    lr, step = optimizer.param_groups[0]["lr"], module.global_step + 1
    return StepFigures(loss.detach(), tuple(column.detach() for column in columns), of, lr, step)


def on_host(*columns: Tensor) -> tuple[Column, ...]:
    """Columns of one length in float32, all read from their device at once."""
    return tuple(torch.stack([column.detach().float() for column in columns]).tolist()) if columns else ()


def order_of(chosen: Column, rejected: Column, target: Column) -> dict[str, float]:
    """Accuracy and mean margin of pairs, the better side less the other; not a number where all are ties.

    Args:
        chosen: (B,) scores of the responses listed first.
        rejected: (B,) of those listed second.
        target: (B,) probability in [0, 1] that the first is the better one.

    >>> order_of([2.0, 1.0], [1.0, 4.0], [1.0, 0.0])
    {'accuracy': 1.0, 'margin': 2.0}
    """
    sides = _by_label(chosen, rejected, target)
    return {
        "accuracy": _mean([credit_of(*pair) for pair in sides]),
        "margin": _mean([better - other for better, other in sides]),
    }


def rewards_of(chosen: Column, rejected: Column, target: Column) -> dict[str, float]:
    """The same and how rewards are distributed: names of TRL's reward and DPO trainers, where these have one.

    Deviations are of the batch itself, divided by its number.

    Args:
        chosen: see `order_of`.
        rejected: see `order_of`.
        target: see `order_of`.
    """
    sides, rewards = _by_label(chosen, rejected, target), [*chosen, *rejected]
    spread = _deviation([better - other for better, other in sides])
    values = (spread, _mean(rewards), _deviation(rewards), min(rewards), max(rewards), *_means(sides))
    return order_of(chosen, rejected, target) | dict(zip(REWARDS, values, strict=True))


def policy_figures(logps: tuple[Column, Column], reference: tuple[Column, Column], target: Column) -> dict[str, float]:
    """Mean log-probabilities of better and other responses, and how far the policy is from its reference.

    The divergence is estimated by k2, half the squared log-ratio: the responses are those of the data, samples of
    neither model, and k2 is the estimator that stays the same whichever of the two is taken for their source.

    Args:
        logps: (B,) of the responses listed first and (B,) of those listed second, summed over tokens, in nats.
        reference: the same under the reference.
        target: (B,) probability in [0, 1] that the first is the better one.

    >>> policy_figures(([-1.0], [-4.0]), ([-1.0], [-2.0]), [1.0])
    {'logps/chosen': -1.0, 'logps/rejected': -4.0, 'kl': 1.0}
    """
    means = dict(zip(LOGPS, _means(_by_label(*logps, target)), strict=True))
    return means | {"kl": _mean([*map(k2, chain(*logps), chain(*reference))])}


def _by_label(first: Column, second: Column, target: Column) -> list[tuple[float, float]]:
    """Figures of the better and of the other side of the pairs that have one."""
    listed = zip(first, second, target, strict=True)
    return [(two, one) if preferred_side(label) else (one, two) for one, two, label in listed if not is_tie(label)]


def _means(sides: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Of the better and of the other side."""
    return _mean([better for better, _ in sides]), _mean([other for _, other in sides])


def _mean(values: Column) -> float:
    return sum(values) / len(values) if values else math.nan


def _deviation(values: Column) -> float:
    mean = _mean(values)
    return math.sqrt(_mean([(value - mean) ** 2 for value in values]))


def log_step(module: L.LightningModule, found: StepFigures) -> None:
    """Give the loggers what `step_figures` gave for a batch that ends a step, if it is time for it.

    They are told themselves: Lightning's way to them takes half a millisecond a figure.

    Args:
        module: that logs; `module.logged` has the figures afterwards, for those who show them.
        found: of the batch that is done.
    """
    trainer = module.trainer
    every: int = trainer.log_every_n_steps  # type: ignore[attr-defined]
    if module.global_step != found.step or not every or found.step % every:
        return
    guard: StepGuard | None = getattr(module, "guard", None)
    norm = None if guard is None else guard.norm
    single = [found.loss] if norm is None else [found.loss, norm]
    parts = [*(value.float()[None] for value in single), *(column.float() for column in found.columns)]
    read: list[float] = torch.cat(parts).tolist()  # all at once
    (loss, *norms), of_pairs = read[: len(single)], read[len(single) :]
    size = len(of_pairs) // max(len(found.columns), 1)
    columns = [of_pairs[start : start + size] for start in range(0, len(of_pairs), size or 1)]
    pairs = found.of(*columns) if columns else {}
    figures = {f"train/{name}": value for name, value in {"loss": loss, **pairs}.items()}
    figures |= dict(zip(["train/grad_norm"], norms, strict=False))
    logged = {name: value for name, value in figures.items() if _defined(name, value)}
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
    pairs: Mapping[str, float] = MappingProxyType({}),
    interval: Mapping[str, float] = MappingProxyType({}),
) -> None:
    """Log a finished validation at the step that it follows.

    Args:
        module: that was validated; what it has been told of `cut_shares` is logged, too.
        figures: of all validation examples.
        pairs: figures of its pairs, as `order_of` and `rewards_of` give them.
        interval: of its accuracy.
    """
    loss, accuracy = torch.stack([figures.loss.compute(), figures.accuracy.compute()]).tolist()
    found = {**pairs, "loss": loss, "accuracy": accuracy, **interval}
    # Lightning's own count of steps can lag by one after a validation, so the step is said with the figures.
    logged = {f"val/{name}": value for name, value in found.items()}
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
