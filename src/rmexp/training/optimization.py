"""What the modules share around their step: optimizer with schedule, clipping, the limit of tokens."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import lightning as L
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch.nn import Parameter
from torch.nn.utils import clip_grad_value_, clip_grads_with_norm_, get_total_norm
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from rmexp.training.sharded_tensor import full
from rmexp.training.step_guard import StepGuard

Schedule = Callable[..., float]
FACTOR = "factor"  # of the learning rate, in a group of parameters


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

    Raises:
        ValueError: the optimizer refuses its settings.
    """
    groups = _groups(module, factors)
    try:
        built = optimizer([{"params": parameters, FACTOR: factor} for factor, parameters in groups])
    except (ValueError, TypeError) as error:
        raise ValueError(f"{error} (set optimizer.*)") from error
    for group in built.param_groups:  # an optimizer may have parted those that it was given
        group["lr"] *= group.pop(FACTOR)
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


def clip_gradients(module: L.LightningModule, optimizer: Optimizer, limit: float | None, algorithm: str | None) -> None:
    """Clip as trainer.gradient_clip_val says; Lightning refuses to for fused optimizers in half precision.

    It does so because a scaler of gradients may be at work inside the optimizer: gradients of float16 are made as large
    as they are before they are looked at. The guard of the module, where it has one, judges the step by the same norm.
    """
    scaler = getattr(module.trainer.precision_plugin, "scaler", None)
    if scaler is not None and getattr(optimizer, "_step_supports_amp_scaling", False):
        scaler.unscale_(optimizer)
    guard: StepGuard | None = getattr(module, "guard", None)
    by_norm = limit and algorithm != "value"
    if guard is not None or by_norm:
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        norm = full(get_total_norm([parameter.grad for parameter in parameters if parameter.grad is not None]))
        if guard is not None:
            guard.judge(module, optimizer, norm)
        if limit and by_norm:
            clip_grads_with_norm_(parameters, limit, norm)
    if limit and not by_norm:
        clip_grad_value_(module.parameters(), limit)


def batch_tokens(module: L.LightningModule) -> int | None:
    """Most tokens that the run a module is in computes at once."""
    limit: int | None = module.trainer.datamodule.batch_tokens  # type: ignore[attr-defined]  # set by Trainer.fit
    return limit
