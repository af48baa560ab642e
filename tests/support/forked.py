"""Processes that rmexp starts, forked off this one in their place: it has imported everything."""

import multiprocessing
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Any

FORK = multiprocessing.get_context("fork")


class Forked:
    """Looks like `subprocess.Popen`.

    Args:
        run: what it does, of the arguments of `rmexp`; gives the exit code.
        arguments: of `rmexp`.
        environment: of the process.
    """

    def __init__(self, run: Callable[..., int], arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self.process = FORK.Process(target=self._run, args=(run, arguments, environment), daemon=True)
        self.process.start()

    def _run(self, run: Callable[..., int], arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        os.environ |= environment
        os._exit(run(arguments))

    @property
    def returncode(self) -> int | None:
        return self.process.exitcode

    def poll(self) -> int | None:
        return self.process.exitcode

    def wait(self, seconds: float | None = None) -> int | None:
        self.process.join(seconds)
        if self.process.exitcode is None:
            raise subprocess.TimeoutExpired("forked", seconds or 0.0)
        return self.process.exitcode

    def terminate(self) -> None:
        self.process.terminate()

    def kill(self) -> None:
        self.process.kill()


def forking(run: Callable[..., int]) -> Callable[..., Any]:
    """What starts them, in the place of `subprocess.Popen`: of `python -m rmexp ...` the words behind `rmexp` count."""

    def start(command: Sequence[str], *, env: Mapping[str, str], **options: Any) -> Forked:
        return Forked(run, command[3:], env)

    return start
