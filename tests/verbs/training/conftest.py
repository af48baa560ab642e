"""Processes of one run as torchrun or srun starts them, but forked off this one, which has imported everything."""

import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import lightning as L
import pytest

from rmexp.cli import main
from rmexp.training.callbacks.saving import Saving

FORK = multiprocessing.get_context("fork")


class Several:
    """Processes that run one command.

    Args:
        count: of them.
        arguments: of `rmexp`.
        places: where what each says goes.
        last: further arguments of the last of them.
        launcher: torchrun, srun on one machine, or srun on as many machines.
    """

    def __init__(
        self,
        count: int,
        arguments: tuple[str, ...],
        places: list[Path],
        last: Sequence[str] = (),
        launcher: str = "torchrun",
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = {"MASTER_PORT": str(free.getsockname()[1])}
        ranks = [{**port, **LAUNCHERS[launcher](number, count)} for number in range(count)]
        self.places = places
        commands = [*[arguments] * (count - 1), (*arguments, *last)]
        self.processes = [
            FORK.Process(target=_run, args=own_arguments) for own_arguments in zip(commands, ranks, places, strict=True)
        ]
        for process in self.processes:
            process.start()

    @property
    def said(self) -> list[str]:
        """What each has said on both streams."""
        return [place.read_text() if place.exists() else "" for place in self.places]

    @property
    def running(self) -> bool:
        """Whether none has ended."""
        return all(process.exitcode is None for process in self.processes)

    def kill(self, *numbers: int) -> None:
        """Kill some, or all of them, as the system does it when memory is short."""
        for number in numbers or range(len(self.processes)):
            self.processes[number].kill()
            self.processes[number].join()

    def codes(self, seconds: float = 240.0) -> list[int | None]:
        """Their exit codes once all have ended, or after so many seconds, when those that have not are killed."""
        for process in self.processes:
            process.join(seconds)
        found = [process.exitcode for process in self.processes]
        self.kill()
        return found


def _of_torchrun(number: int, count: int) -> dict[str, str]:
    own = {"RANK": str(number), "LOCAL_RANK": str(number), "WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count)}
    return {**own, "MASTER_ADDR": "127.0.0.1", "TORCHELASTIC_RUN_ID": "test"}


def _of_srun(number: int, count: int) -> dict[str, str]:
    """As `srun --ntasks=COUNT` does it: nothing is said of tasks per node."""
    own = {"SLURM_PROCID": str(number), "SLURM_LOCALID": str(number), "SLURM_NODEID": "0", "SLURM_STEP_ID": "0"}
    own |= {"SLURM_NTASKS": str(count), "SLURM_STEP_NUM_TASKS": str(count), "SLURM_NNODES": "1"}
    return {**own, "SLURM_JOB_ID": "12", "SLURM_JOB_NAME": "rmexp", "SLURM_STEP_NODELIST": "127.0.0.1"}


def _of_machines(number: int, count: int) -> dict[str, str]:
    """As `srun --nodes=COUNT --ntasks-per-node=1` does it."""
    own = {"SLURM_LOCALID": "0", "SLURM_NODEID": str(number), "SLURM_NNODES": str(count)}
    return {**_of_srun(number, count), **own}


LAUNCHERS = {"torchrun": _of_torchrun, "srun": _of_srun, "machines": _of_machines}


def _run(arguments: tuple[str, ...], environment: dict[str, str], place: Path) -> None:
    os.environ |= environment
    with place.open("w") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
        sys.stdout = sys.stderr = said
        code = main(arguments)
        said.flush()
        os._exit(code)  # without what pytest does at the end of a process


@pytest.fixture
def several(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Several]]:
    """Starts so many processes with the arguments of a command; whatever still runs at the end is killed."""
    started = list[Several]()

    def start(count: int, *arguments: str, last: Sequence[str] = (), launcher: str = "torchrun") -> Several:
        folder = tmp_path_factory.mktemp("said")
        started.append(Several(count, arguments, [folder / str(number) for number in range(count)], last, launcher))
        return started[-1]

    yield start
    for processes in started:
        processes.kill()


@pytest.fixture
def interrupted_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], AbstractContextManager[None]]:
    """Within a block a training is interrupted after so many steps, as by Ctrl-C."""

    @contextmanager
    def interrupted(step: int) -> Iterator[None]:
        between = Saving._between

        def interrupt(self: Saving, trainer: L.Trainer) -> None:
            between(self, trainer)
            if trainer.global_step == step:
                signal.raise_signal(signal.SIGINT)

        with monkeypatch.context() as patch:
            patch.setattr(Saving, "_between", interrupt)
            yield

    return interrupted
