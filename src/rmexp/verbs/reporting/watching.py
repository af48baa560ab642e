"""Writing a page again whenever what it is made from has changed."""

from collections.abc import Callable
from pathlib import Path

from rmexp.runs.files import ENVIRONMENT, FAILURE
from rmexp.runs.summaries.file import SUMMARY
from rmexp.verbs.reporting.one_run import MADE_FROM, is_run

State = tuple[tuple[str, int], ...]


def watch(folder: Path, write: Callable[[], object], *, look_again: Callable[[], object]) -> None:
    """Write a page again whenever a file that it is made from changes, until the run has ended or Ctrl-C.

    Args:
        folder: of a run, which ends, or of several, which are watched until Ctrl-C.
        write: makes the page.
        look_again: waits for the time of the next look.
    """
    seen = state(folder)
    try:
        while not has_ended(folder):
            look_again()
            if (now := state(folder)) != seen:
                seen = now
                write()
    except KeyboardInterrupt:
        return


def has_ended(folder: Path) -> bool:
    """Whether a run has finished, or failed since it was last started; a folder of several never has."""
    failed, started = folder / FAILURE, folder / ENVIRONMENT
    if (folder / SUMMARY).is_file() or not started.is_file():
        return is_run(folder)
    return failed.is_file() and failed.stat().st_mtime_ns >= started.stat().st_mtime_ns


def state(folder: Path) -> State:
    """The files that a page is made from, each with the time of its last change."""
    places = [folder] if is_run(folder) else [path for path in folder.rglob("*") if path.is_dir() and is_run(path)]
    files = (place / name for place in sorted(places) for name in MADE_FROM)
    return tuple((str(file), file.stat().st_mtime_ns) for file in files if file.is_file())
