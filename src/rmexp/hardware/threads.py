"""How a processor computes: threads for a model of some size, and memory that stays for its next operation."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from rmexp.hardware.memory import keep_freed
from rmexp.hardware.processes import this_process
from rmexp.hardware.processors import processors

SMALL_PARAMETERS = 2_000_000


def use_threads(wanted: int | None, model: nn.Module, processes: int = 1) -> int:
    """Set torch's threads, and return their number; memory that an operation frees is kept, see `keep_freed`.

    Args:
        wanted: number of threads; None chooses 1 for a model below 2 million parameters, whose operations are too
            short to share, and otherwise all `processors`.
        model: what is about to run.
        processes: of this machine that share its processors, besides those that one has started.

    Raises:
        ValueError: fewer than one thread is wanted.
    """
    process = this_process()
    if process.port is not None:
        processes = max(processes, process.count)
    if wanted is None:
        small = sum(parameter.numel() for parameter in model.parameters()) < SMALL_PARAMETERS
        wanted = 1 if small else max(1, processors() // processes)
    if not wanted or wanted < 1:
        raise ValueError(f"the number of threads must be at least 1, got {wanted} (set trainer.threads)")
    torch.set_num_threads(wanted)
    keep_freed()
    return wanted


@contextmanager
def threads_kept() -> Iterator[None]:
    """Keep torch's threads as they are during a block: Lightning counts anew where processes train together.

    It does so unless `OMP_NUM_THREADS` is set, and leaves that behind, for the stages of this process that follow.
    """
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = str(torch.get_num_threads())
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before
