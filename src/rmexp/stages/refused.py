"""Settings that only what they are for can refuse, tried before data are encoded or a reference is trained."""

from typing import Any

import torch

from rmexp.called import called
from rmexp.stages.parts import StageParts
from rmexp.training.processes.strategy import strategy_named


def check_parts(parts: StageParts, stage: str = "") -> None:
    """Make an optimizer and ask for a learning rate and a strategy, as the first step would.

    Args:
        parts: that a stage is made of.
        stage: the beginning of its keys, with a dot, where the configuration has several.

    Raises:
        ValueError: one of them refuses its settings.
    """
    try:
        made: Any = parts.optimizer([torch.nn.Parameter(torch.zeros(1, 1))])  # a matrix, which all of them take
        if not isinstance(made, torch.optim.Optimizer):
            raise ValueError(f"{called(parts.optimizer)} must give an Optimizer of torch, got {type(made).__name__}")
        factor: Any = parts.schedule(0, total_steps=10)
        if not hasattr(factor, "__float__"):  # as numbers of numpy and of torch have
            came = type(factor).__name__
            raise ValueError(f"{called(parts.schedule)} must give a factor of the learning rate, a number, got {came}")
    except (ValueError, TypeError) as error:
        raise ValueError(f"{error} (set {stage}optimizer.* or {stage}schedule.*)") from error
    if parts.trainer.strategy is not None:
        strategy_named(parts.trainer.strategy, 1, "cpu")
