"""A stage trained by as many processes as its trainer asks for: started here, or by a launcher."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import torch

from rmexp.hardware.device import device_count
from rmexp.hardware.group import lost_told, part, use_own_device
from rmexp.hardware.processes import Others, started, this_process
from rmexp.runs.failure import write_failure
from rmexp.runs.folder import RunFolder
from rmexp.stages.parts import TrainerParts
from rmexp.training.callbacks.checkpoints import newest_valid, step_of

log = logging.getLogger(__name__)


@contextmanager
def together(trainer: TrainerParts, run: RunFolder) -> Iterator[None]:
    """Have the processes that a trainer asks for while a stage is trained; those that follow end with the block.

    Args:
        trainer: of the stage.
        run: whose folder says where a run goes on.

    Raises:
        ValueError: there are not so many devices or processes, or one of them has ended too early.
        SystemExit: in a process that the first one has started, when it is done. One that a launcher has started may
            have further stages before it. In all but the first where their number is wrong.
    """
    wanted = device_count(trainer.accelerator, trainer.devices) * trainer.num_nodes
    process = this_process()
    if process.count > 1 and process.count != wanted:
        if process.number:  # the first one says so
            raise SystemExit(1)
        raise ValueError(
            f"{process.count} processes were started, but trainer.devices={trainer.devices} and "
            f"trainer.num_nodes={trainer.num_nodes} ask for {wanted}"
        )
    if process.count == 1 and trainer.num_nodes > 1:
        raise ValueError(
            f"trainer.num_nodes={trainer.num_nodes}: processes of several machines are started by torchrun or srun "
            f"(on each machine: torchrun --nnodes={trainer.num_nodes} --nproc_per_node={trainer.devices} "
            "--rdzv-backend=c10d --rdzv-endpoint=HOST:PORT --no-python rmexp ...)"
        )
    if wanted == 1:
        with _left():  # a strategy may have a group of one
            yield
    elif process.count == 1:
        with started(wanted, partial(_ended_by, run.path)) as others, _left():
            log.info("%d processes", wanted)
            _use_own_device(trainer)
            with _told(others, run.path):
                yield
    elif process.starter is None:  # those of a launcher stay connected: they can be so only once
        _use_own_device(trainer)
        with lost_told(partial(goes_on, run.path)):
            yield
            part()
    else:
        _use_own_device(trainer)
        with _left():
            yield
        raise SystemExit(0)


def _use_own_device(trainer: TrainerParts) -> None:
    """Before anything is loaded, a scorer of PPO, say; Lightning does the same later."""
    if trainer.accelerator != "cpu":
        use_own_device(trainer.devices if isinstance(trainer.devices, list) else ())


@contextmanager
def _left() -> Iterator[None]:
    """Let go of the other processes at the end of a block; what else runs in this one may have others."""
    try:
        yield
        part()
    finally:
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


@contextmanager
def _told(others: Others, folder: Path) -> Iterator[None]:
    """Say which process has ended where torch says no more than that a connection has."""
    try:
        yield
    except RuntimeError as error:
        sentence = others.dead(5.0)
        if sentence is None:
            raise
        raise ValueError(f"{sentence}; {goes_on(folder)}") from error


def _ended_by(folder: Path, sentence: str) -> None:
    error = ValueError(f"{sentence}; {goes_on(folder)}")
    write_failure(folder, error)
    log.error("rmexp: %s", error)


def goes_on(folder: Path) -> str:
    """Where the same command goes on with a run."""
    path, _ = newest_valid(folder / "checkpoints")
    if path is None:
        return "nothing was saved: the same command begins anew"
    return f"the same command goes on from {path}, of step {step_of(path)}"
