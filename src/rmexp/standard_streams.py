"""What a command writes where: results to standard output, what is logged and drawn to standard error."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from rmexp.hardware.processes import this_process
from rmexp.phases import watched_by


def open_closed_streams() -> None:
    """Let what a caller has closed (`>&-`) lead nowhere; a file that is opened later would get its number instead."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w" if number else "r"))  # noqa: SIM115


@contextmanager
def standard_streams() -> Iterator[None]:
    """Progress and remarks of the library go to standard error, drawn where that can be; results to standard output.

    A process that follows another says neither. Of what other libraries log, which is for those who know them, only
    errors are shown.
    """
    if logging.lastResort is not None:
        logging.lastResort.setLevel(logging.ERROR)
    if this_process().number:
        _log_to(logging.StreamHandler(), logging.ERROR)
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
            yield
        return
    if not sys.stderr.isatty():
        _log_to(logging.StreamHandler())
        yield
        return
    from rmexp.live_display import AboveDisplay, LiveDisplay, can_draw

    if not can_draw(sys.stderr):
        _log_to(logging.StreamHandler())
        yield
        return
    display = LiveDisplay()
    _log_to(AboveDisplay(display))
    try:
        with watched_by(display):
            yield
    finally:
        display.stop()


def _log_to(handler: logging.Handler, level: int = logging.INFO) -> None:
    log = logging.getLogger("rmexp")
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.handlers = [handler]
    log.setLevel(level)
    log.propagate = False
