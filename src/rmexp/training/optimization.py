"""What the modules share around their step: optimizer with schedule, and the logging of figures."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import lightning as L
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from rmexp.metrics.pair_figures import PairFigures
from rmexp.metrics.pairwise_accuracy import PairwiseAccuracy

Schedule = Callable[..., float]


def configure(
    module: L.LightningModule,
    optimizer: Callable[..., Optimizer],
    schedule: Schedule,
    factors: Mapping[str, float] = MappingProxyType({}),
) -> OptimizerLRScheduler:
    """The optimizer over the module's trainable parameters, its learning rate set anew after every step.

    Args:
        module: whose parameters are trained.
        optimizer: of parameters.
        schedule: factor of the learning rate, of (step, total_steps=...).
        factors: of the learning rate of the parameters whose names start so.
    """
    groups = _groups(module, factors)
    try:
        built = optimizer([{"params": parameters} for _, parameters in groups])
    except (ValueError, TypeError) as error:
        raise ValueError(f"{error} (set optimizer.*)") from error
    for (factor, _), group in zip(groups, built.param_groups, strict=True):
        group["lr"] *= factor
    total_steps = int(module.trainer.estimated_stepping_batches)
    scheduler = LambdaLR(built, partial(schedule, total_steps=total_steps))
    return {"optimizer": built, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


def _groups(module: L.LightningModule, factors: Mapping[str, float]) -> list[tuple[float, list[Parameter]]]:
    """Trainable parameters by the factor of their learning rate; those without one first."""
    groups: dict[float, list[Parameter]] = {1.0: []}
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            factor = next((factor for start, factor in factors.items() if name.startswith(start)), 1.0)
            groups.setdefault(factor, []).append(parameter)
    return [(factor, parameters) for factor, parameters in groups.items() if parameters]


def clip_gradients(module: L.LightningModule, limit: float | None, algorithm: str | None) -> None:
    """Clip as trainer.gradient_clip_val says; Lightning refuses to for fused optimizers in half precision.

    It does so because a scaler of gradients may be at work inside the optimizer; bf16 needs none.
    """
    if not limit:
        return
    if algorithm == "value":
        torch.nn.utils.clip_grad_value_(module.parameters(), limit)
    else:
        torch.nn.utils.clip_grad_norm_(module.parameters(), limit)


def batch_tokens(module: L.LightningModule) -> int | None:
    """Most tokens that the run a module is in computes at once."""
    limit: int | None = module.trainer.datamodule.batch_tokens  # type: ignore[attr-defined]  # set by Trainer.fit
    return limit


def batch_accuracy(chosen: Tensor, rejected: Tensor, target: Tensor) -> Tensor | None:
    """Pairwise accuracy of one batch; None for a batch of ties."""
    counted = PairwiseAccuracy()
    counted.update(chosen.cpu(), rejected.cpu(), target.cpu())
    value = counted.compute()
    return None if value.isnan() else value


def log_step(module: L.LightningModule, loss: Tensor, accuracy: Tensor | None, size: int) -> None:
    """Log a training batch of `size` examples: its loss, its accuracy and the learning rate it was made with."""
    optimizer = module.optimizers()
    assert isinstance(optimizer, Optimizer)
    step = float(module.global_step + 1)  # that this batch belongs to, counted from 1
    figures = {"train/loss": loss.detach(), "lr": optimizer.param_groups[0]["lr"], "step": step}
    if accuracy is not None:
        figures["train/accuracy"] = accuracy
    module.log_dict(figures, batch_size=size)


def log_validation(module: L.LightningModule, figures: PairFigures) -> None:
    """Log a finished validation at the step that it follows."""
    values = figures.compute()
    # Lightning's own count of steps can lag by one after a validation, so the step is said with the figures.
    logged = {"val/loss": values["loss"], "step": float(module.global_step)}
    if not math.isnan(values["accuracy"]):  # there were no pairs, or ties alone
        logged["val/accuracy"] = values["accuracy"]
    module.log_dict(logged)
