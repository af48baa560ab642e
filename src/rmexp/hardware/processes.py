"""The processes that train one model together: which of them this is, and how the first starts the others.

The first leads: it alone holds the run folder and writes there. The others follow the same command and end with the
training. A launcher such as torchrun or srun may have started them all; else the first starts the rest of its machine.
"""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

OWN = "RMEXP_PROCESS"  # of one that another started: its number, how many there are, the port, who started it
GRACE = 20.0  # seconds that this process has to end by itself when another one is dead
ENDING = 60.0  # seconds that the others have to end when their work is done


@dataclass(frozen=True)
class Process:
    """One of the processes of a run.

    Attributes:
        number: from 0, which leads.
        count: of all.
        port: of this machine, where the first listens; None where a launcher knows.
        starter: process that started this one; None for the first, and where a launcher did.
    """

    number: int = 0
    count: int = 1
    port: int | None = None
    starter: int | None = None


_started: ContextVar[Process | None] = ContextVar("rmexp_process", default=None)
_command: ContextVar[Sequence[str] | None] = ContextVar("rmexp_command", default=None)


def this_process(environ: Mapping[str, str] | None = None) -> Process:
    """Which process this one is.

    Args:
        environ: its environment; None for the real one.

    >>> this_process({"RANK": "3", "WORLD_SIZE": "4"})
    Process(number=3, count=4, port=None, starter=None)
    """
    if (leading := _started.get()) is not None and environ is None:
        return leading
    known = os.environ if environ is None else environ
    if OWN in known:
        return Process(*map(int, known[OWN].split()))
    if "RANK" in known and "WORLD_SIZE" in known:  # torchrun
        return Process(int(known["RANK"]), int(known["WORLD_SIZE"]))
    if int(known.get("SLURM_STEP_NUM_TASKS") or 1) > 1:  # srun; a script of sbatch's is no step, and alone
        return Process(int(known["SLURM_PROCID"]), int(known["SLURM_STEP_NUM_TASKS"]))
    return Process()


def launched(environ: Mapping[str, str] | None = None) -> bool:
    """Whether a launcher has started this process with others.

    >>> launched({"RANK": "0", "WORLD_SIZE": "2"}), launched({"SLURM_NTASKS": "2", "SLURM_PROCID": "0"})
    (True, False)
    """
    process = this_process(environ)
    return process.count > 1 and process.port is None


@contextmanager
def command_line(arguments: Sequence[str]) -> Iterator[None]:
    """Say which arguments of `rmexp` do what a block does, so that other processes can be started with them."""
    token = _command.set(arguments)
    try:
        yield
    finally:
        _command.reset(token)


class Others:
    """The processes that this one has started.

    Args:
        command: arguments of `rmexp`.
        count: of all processes, this one among them.
        died: told in a sentence that one of them has ended too early, where this process cannot end by itself.

    Attributes:
        process: this one.
    """

    def __init__(self, command: Sequence[str], count: int, died: Callable[[str], None]) -> None:
        self.process = Process(0, count, _free_port())
        self.died = died
        self._over = threading.Event()
        self._children = [self._start(command, number) for number in range(1, count)]
        threading.Thread(target=self._watch, daemon=True).start()

    def _start(self, command: Sequence[str], number: int) -> subprocess.Popen[bytes]:
        own = f"{number} {self.process.count} {self.process.port} {os.getpid()}"
        arguments = [sys.executable, "-m", "rmexp", *command]
        return subprocess.Popen(arguments, env={**os.environ, OWN: own}, stdout=subprocess.DEVNULL)

    def dead(self, seconds: float = 0.0) -> str | None:
        """Which one has failed, in words, waiting so long for one to; None for none."""
        end = time.monotonic() + seconds
        while True:
            for number, child in enumerate(self._children, 1):
                if child.poll():
                    return f"process {number} of {self.process.count} has ended (exit code {child.returncode})"
            if time.monotonic() >= end:
                return None
            time.sleep(0.1)

    def _watch(self) -> None:
        """Where one is dead, and this process waits for it for ever, end this one, too."""
        while not self._over.wait(0.5):
            if (sentence := self.dead()) is not None and not self._over.wait(GRACE):
                self.end(0.0)
                self.died(sentence)
                os._exit(1)

    def end(self, seconds: float) -> None:
        """Wait so long until they have ended; then end them."""
        self._over.set()
        end = time.monotonic() + seconds
        for child in self._children:
            try:
                child.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.terminate()
        for child in self._children:
            try:
                child.wait(3.0)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


@contextmanager
def started(count: int, died: Callable[[str], None]) -> Iterator[Others]:
    """Start the other processes of this machine for the time of a block.

    Args:
        count: of all processes.
        died: see `Others`.

    Raises:
        ValueError: nobody said which command they are to run.
    """
    command = _command.get()
    if command is None:
        raise ValueError(
            f"{count} processes are asked for, and only the command line starts them (run rmexp train, or torchrun)"
        )
    others = Others(command, count, died)
    token = _started.set(others.process)
    try:
        yield others
    except BaseException:
        others.end(0.0)
        raise
    finally:
        _started.reset(token)
    others.end(ENDING)


def end_with_starter() -> None:
    """Let this process end when the one that started it does, however that ends."""
    starter = this_process().starter
    if starter is not None:
        end_with(starter)


def end_with(parent: int) -> None:
    """Let this process end when its parent does, however that ends."""
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
