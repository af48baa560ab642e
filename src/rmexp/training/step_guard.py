"""Steps whose loss or gradient is not finite: noticed on the device, where their update is left out, too."""

import math
from typing import NamedTuple

import lightning as L
import torch
from torch import Tensor
from torch.distributed.tensor import DTensor
from torch.optim import Optimizer

from rmexp.training.sharded_tensor import local


class BadSteps(NamedTuple):
    """What a guard has seen.

    Attributes:
        number: of steps whose loss or gradient was not finite.
        first: number of the first of them, from 1; 0 without one.
        loss: there, summed over its batches.
        gradient: norm of the gradient there.
        largest: norm of the largest finite gradient of all steps.
    """

    number: int = 0
    first: int = 0
    loss: float = math.nan
    gradient: float = math.nan
    largest: float = 0.0

    def and_step(self, step: int, loss: float, norm: float, *, bad: bool) -> "BadSteps":
        """The same with one more step."""
        if not bad:
            return self._replace(largest=max(self.largest, norm))
        first = self._replace(first=step, loss=loss, gradient=norm) if self.number == 0 else self
        return first._replace(number=self.number + 1)


class StepGuard:
    """Looks at the loss and the gradient of every step without waiting for them.

    An optimizer that can leave out an update on the device, as torch's fused ones can, is told to; with any other the
    step does wait, and is made without gradients.

    Args:
        seen: by an earlier process; None for nothing.
    """

    def __init__(self, seen: BadSteps | None = None) -> None:
        self.seen = BadSteps() if seen is None else seen  # in the steps that were read
        self._loss: Tensor | None = None  # of the step that is being made
        self._unread: list[tuple[int, Tensor, Tensor, Tensor]] = []  # step, loss, norm, whether it is bad
        self.norm: Tensor | None = None  # of the gradient of the last step, before it is clipped

    def add(self, loss: Tensor) -> None:
        """Take note of the loss of a batch; a step may have several."""
        self._loss = loss.detach().float() if self._loss is None else self._loss + loss.detach()

    def judge(self, module: L.LightningModule, optimizer: Optimizer, norm: Tensor) -> None:
        """Look at a step whose gradient is complete, before its update.

        Args:
            module: that is trained.
            optimizer: about to make the update.
            norm: of the gradient.
        """
        loss, self._loss = self._loss, None
        assert loss is not None
        self.norm = norm.detach()
        scaled = getattr(module.trainer.precision_plugin, "scaler", None) is not None
        norm = loss if scaled else norm.float()  # a scaler of the loss expects overflow, and masks it
        bad = torch.logical_not(torch.isfinite(loss + norm)).float()
        bad = module.trainer.strategy.reduce(bad, reduce_op="max")
        self._unread.append((module.global_step + 1, loss, norm, bad))
        if not scaled:
            _leave_out(optimizer, bad)

    def read(self) -> BadSteps:
        """What has been seen so far; this waits for the device."""
        if self._unread:
            figures = torch.stack([figure for _, *row in self._unread for figure in row]).view(-1, 3).tolist()
            for (step, *_), (loss, norm, bad) in zip(self._unread, figures, strict=True):
                self.seen = self.seen.and_step(step, loss, norm, bad=bad > 0)
            self._unread.clear()
        return self.seen


def _leave_out(optimizer: Optimizer, bad: Tensor) -> None:
    """Let an optimizer make its update unless a step is bad."""
    if getattr(optimizer, "_step_supports_amp_scaling", False):
        optimizer.grad_scale, optimizer.found_inf = None, bad  # type: ignore[attr-defined]  # as torch's GradScaler does
    elif bool(bad):
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = None


def nonfinite_weights(module: torch.nn.Module) -> list[str]:
    """Names of the parameters that hold something that is not finite; of sharded ones all processes must ask."""
    named = dict(module.named_parameters())
    if not named:
        return []
    finite = torch.stack([local(parameter.detach()).isfinite().all() for parameter in named.values()]).float()
    if any(isinstance(parameter, DTensor) for parameter in named.values()):
        torch.distributed.all_reduce(finite, torch.distributed.ReduceOp.MIN)
    return [name for name, fine in zip(named, finite.tolist(), strict=True) if not fine]
