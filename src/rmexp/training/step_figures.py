"""The figures of a batch: computed where its loss is, read once, when everything of the step is under way.

Each figure read by itself would make the host wait for the device.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import lightning as L
import torch
from torch import Tensor
from torch.optim import Optimizer

from rmexp.metrics.pair_credit import pair_credit
from rmexp.metrics.pair_figures import PairFigures
from rmexp.metrics.preferred_side import preferred_side
from rmexp.training.step_guard import StepGuard


class StepFigures(NamedTuple):
    """What is logged of a batch.

    Attributes:
        values: (1,) loss, or (3,) loss, accuracy and margin, float32 on the device; not a number where undefined.
        lr: learning rate that the step is made with.
        step: that the batch belongs to, counted from 1.
        size: examples.
    """

    values: Tensor
    lr: float
    step: int
    size: int


def step_figures(
    module: L.LightningModule, loss: Tensor, size: int, sides: tuple[Tensor, Tensor, Tensor] | None = None
) -> StepFigures:
    """The figures of a batch, of whose loss the module's guard takes note; nothing waits for the device.

    Args:
        module: in training.
        loss: mean of the batch.
        size: examples.
        sides: (B,) scores of chosen, of rejected, and targets; None where there are no pairs.
    """
    optimizer = module.optimizers()
    assert isinstance(optimizer, Optimizer)
    guard: StepGuard | None = getattr(module, "guard", None)
    if guard is not None:
        guard.add(loss)
    values = loss.detach().float()[None]
    if sides is not None:
        values = torch.cat([values, pair_values(*sides)])
    return StepFigures(values, optimizer.param_groups[0]["lr"], module.global_step + 1, size)


def pair_values(chosen: Tensor, rejected: Tensor, target: Tensor) -> Tensor:
    """(2,) accuracy and mean margin of pairs, the better side less the other; not a number where all are ties.

    >>> pair_values(torch.tensor([2.0, 1.0]), torch.tensor([1.0, 4.0]), torch.tensor([1.0, 0.0]))
    tensor([1., 2.])
    """
    chosen, rejected = chosen.detach().float(), rejected.detach().float()
    judged = pair_credit(chosen, rejected, target)
    margins = torch.where(preferred_side(target) == 1, rejected - chosen, chosen - rejected)
    sums = torch.stack([judged.credit.sum(), (margins * judged.weight).sum()])
    return sums / judged.weight.sum()


def log_step(module: L.LightningModule, found: StepFigures) -> None:
    """Log what `step_figures` gave for a batch that is done."""
    names = ("train/loss", "train/accuracy", "train/margin")
    values = dict(zip(names, found.values.tolist(), strict=False))
    log_values(module, {**values, "lr": found.lr, "step": float(found.step)}, found.size)


def log_validation(
    module: L.LightningModule, figures: PairFigures, sides: tuple[Tensor, Tensor, Tensor] | None = None
) -> None:
    """Log a finished validation at the step that it follows.

    Args:
        module: that was validated.
        figures: of all validation examples.
        sides: (N,) scores of chosen, of rejected, and targets of its pairs; None where there are none.
    """
    values = torch.stack([figures.loss.compute(), figures.accuracy.compute()])
    if sides is not None:
        values = torch.cat([values, pair_values(*sides)[1:]])
    # Lightning's own count of steps can lag by one after a validation, so the step is said with the figures.
    logged = dict(zip(("val/loss", "val/accuracy", "val/margin"), values.tolist(), strict=False))
    log_values(module, {**logged, "step": float(module.global_step)})


def log_values(module: L.LightningModule, values: Mapping[str, float], size: int | None = None) -> None:
    """Log numbers that the host has, as tensors of the host: Lightning would send a plain one to the device and back.

    An accuracy or a margin that is no number is left out: there were no pairs, or ties alone.

    Args:
        module: that logs.
        values: by the names of `logged_figures`.
        size: examples of the batch.
    """
    known = {
        name: torch.tensor(value)
        for name, value in values.items()
        if not (math.isnan(value) and name.endswith(("/accuracy", "/margin")))
    }
    module.log_dict(known, batch_size=size)
