"""A run of a verb whose records several processes of a launcher share: each is here, the first one alone writes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rmexp.hardware.processes import launched, this_process
from rmexp.runs.folder import RunConfig, RunFolder, claim, shared


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
def connected() -> Iterator[None]:
    """Have the processes of a launcher connected within a block: those that have trained together are so already.

    Raises:
        ValueError: one of the processes has ended too early.
    """
    if not launched():
        yield
        return
    from rmexp.hardware.group import joined, lost_told, rank_and_count

    if rank_and_count()[1] == 1:
        with joined():
            yield
    else:
        with lost_told(lambda: "the same command goes on where it was"):
            yield


def leave_to_first() -> None:
    """End a process that follows another one: the first has all that is to be written.

    Raises:
        SystemExit: it follows another one.
    """
    if launched() and this_process().number:
        raise SystemExit(0)
