"""A run of a verb whose records several processes of a launcher share: each is here, the first one alone writes."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

from rmexp.hardware.processes import launched, started, this_process
from rmexp.runs.failure import write_failure
from rmexp.runs.folder import RunConfig, RunFolder, claim, shared

GOES_ON = "the same command goes on where it was"
log = logging.getLogger(__name__)


@contextmanager
def shared_run(path: Path, config: RunConfig, inputs: Mapping[str, str | None]) -> Iterator[RunFolder]:
    """A run folder, see `claim`; the processes of a launcher are connected while the block runs.

    Raises:
        ValueError: one of the processes has ended too early.
    """
    if not launched():
        with claim(path, config, inputs) as run:
            yield run
        return
    from rmexp.hardware.group import from_first, joined

    with joined(), shared(path, config, inputs) as run:
        from_first(None)  # the folder of an outdated run has been moved aside
        yield run


@contextmanager
def connected(processes: int, folder: Path) -> Iterator[None]:
    """Have processes connected within a block: those of a launcher, or as many as are wanted, started here.

    Those of a launcher that have trained together are connected already.

    Args:
        processes: that are wanted where no launcher has started any.
        folder: of the run, where it is left which of them has ended too early.

    Raises:
        ValueError: one of the processes has ended too early.
    """
    if processes == 1 and not launched():
        yield
        return
    from rmexp.hardware.group import joined, lost_told, rank_and_count

    alone = this_process().count == 1
    if alone:
        log.info("%d processes", processes)
    with started(processes, partial(_ended, folder)) if alone else nullcontext():
        if rank_and_count()[1] == 1:
            with joined():
                yield
        else:
            with lost_told(lambda: GOES_ON):
                yield


def _ended(folder: Path, sentence: str) -> None:
    error = ValueError(f"{sentence}; {GOES_ON}")
    write_failure(folder, error)
    log.error("rmexp: %s", error)


def leave_to_first() -> None:
    """End a process that follows another one: the first has all that is to be written.

    Raises:
        SystemExit: it follows another one.
    """
    if this_process().number:
        raise SystemExit(0)
