"""Ctrl-C, SIGTERM and SIGUSR1 end a run between two steps, with a checkpoint to go on from."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)  # the last is what many scripts for SLURM ask it for


class Interrupted(Exception):
    """A signal ended the run; what was done is saved."""


class Signals:
    """Takes note of signals from `take` to the end of its block; a second one does what it did before.

    SIGUSR1 is left to whoever has a use for it already.

    Attributes:
        received: name of the signal that came, or None.
    """

    def __init__(self) -> None:
        self.received: str | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Signals":
        if threading.current_thread() is threading.main_thread():  # no other may have handlers
            self._before = {number: signal.getsignal(number) for number in ENDING}
            if self._before[signal.SIGUSR1] != signal.SIG_DFL:
                del self._before[signal.SIGUSR1]
        return self

    def take(self) -> None:
        """Note signals from here on; to be called after Lightning has set its own handlers."""
        for number in self._before:
            signal.signal(number, self._note)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received = signal.Signals(number).name
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
