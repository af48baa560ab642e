"""SIGTERM, which batch systems and containers end a process with: told as Ctrl-C is, where it would say nothing."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def told_of_termination() -> Iterator[None]:
    """Let SIGTERM end a block as Ctrl-C does, and with it the processes that were forked off this one."""
    main = threading.current_thread() is threading.main_thread()  # no other may have handlers
    if not main or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    own = os.getpid()

    def interrupt(number: int, frame: FrameType | None) -> None:
        if os.getpid() != own:  # forked off: its parent is told, or has told it
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        for child in multiprocessing.active_children():
            child.terminate()
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
