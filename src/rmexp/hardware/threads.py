"""How many processor threads a model of some size should use."""

import torch
from torch import nn

from rmexp.hardware.processors import processors

SMALL_PARAMETERS = 2_000_000


def use_threads(wanted: int | None, model: nn.Module, processes: int = 1) -> int:
    """Set torch's threads, and return their number.

    Args:
        wanted: number of threads; None chooses 1 for a model below 2 million parameters, whose operations are too
            short to share, and otherwise all `processors`.
        model: what is about to run.
        processes: of this machine that share its processors.
    """
    if wanted is None:
        small = sum(parameter.numel() for parameter in model.parameters()) < SMALL_PARAMETERS
        wanted = 1 if small else max(1, processors() // processes)
    if not wanted or wanted < 1:
        raise ValueError(f"the number of threads must be at least 1, got {wanted} (set trainer.threads)")
    torch.set_num_threads(wanted)
    return wanted
