"""Learning-rate schedules: pure functions from a step to a factor of the optimizer's learning rate."""

import math
from typing import Annotated


def cosine(
    step: int, total_steps: int, *, warmup_fraction: Annotated[float, "in [0, 1)"], floor: Annotated[float, "in [0, 1]"]
) -> float:
    """Linear warm-up, then half a cosine from 1 down to `floor`.

    Args:
        step: optimizer steps done, from 0.
        total_steps: of the whole run.
        warmup_fraction: share of the steps in [0, 1) that warm up.
        floor: factor in [0, 1] at the end.

    >>> [round(cosine(step, 10, warmup_fraction=0.2, floor=0.0), 2) for step in (0, 1, 2, 6, 10)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    warm, progress = _progress(step, total_steps, warmup_fraction, floor)
    return warm * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress)))


def linear(
    step: int, total_steps: int, *, warmup_fraction: Annotated[float, "in [0, 1)"], floor: Annotated[float, "in [0, 1]"]
) -> float:
    """Linear warm-up, then a straight line from 1 down to `floor`; arguments as for `cosine`.

    >>> [round(linear(step, 10, warmup_fraction=0.0, floor=0.1), 2) for step in (0, 5, 10)]
    [1.0, 0.55, 0.1]
    """
    warm, progress = _progress(step, total_steps, warmup_fraction, floor)
    return warm * (floor + (1 - floor) * (1 - progress))


def constant(step: int, total_steps: int, *, warmup_fraction: Annotated[float, "in [0, 1)"]) -> float:
    """Linear warm-up, then 1; arguments as for `cosine`.

    >>> [constant(step, 10, warmup_fraction=0.4) for step in (0, 1, 4, 10)]
    [0.25, 0.5, 1.0, 1.0]
    """
    warm, _ = _progress(step, total_steps, warmup_fraction)
    return warm


def _progress(step: int, total_steps: int, warmup_fraction: float, floor: float = 0.0) -> tuple[float, float]:
    """Factor of the warm-up in (0, 1], and the share of the steps after it that are done, in [0, 1]."""
    if not 0 <= warmup_fraction < 1:
        raise ValueError(f"schedule.warmup_fraction must be in [0, 1), got {warmup_fraction}")
    if not 0 <= floor <= 1:
        raise ValueError(f"schedule.floor must be in [0, 1], got {floor}")
    warmup_steps = math.ceil(warmup_fraction * total_steps)
    if step < warmup_steps:
        return (step + 1) / warmup_steps, 0.0
    return 1.0, min(1.0, (step - warmup_steps) / max(1, total_steps - warmup_steps))
