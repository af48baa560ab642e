"""Whether a run has done anything in its folder yet, beside claiming it: what failed before binds nobody."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from rmexp.runs.files import CONFIG, ENVIRONMENT, FAILURE, LOCK

_BOOKS = (CONFIG, ENVIRONMENT, FAILURE, LOCK, "bad_rows.jsonl", "report.html")
_CURVE = "metrics.csv"  # whose first line is there before the first step
_TRACKER, _EVENTS = "wandb", "events.out.tfevents."  # a folder of one tracker, and how the files of another begin


def has_begun(folder: Path) -> bool:
    """Whether a run, or a stage of it, has left more than what is written before the first step."""
    return any(_is_work(path, folder) for path in _files(folder))


def forget(folder: Path) -> None:
    """Remove what a run has left that has done nothing, but for the lock."""
    for path in _files(folder):
        if path.name != LOCK:
            path.unlink()
    for path in folder.glob(f"**/{_TRACKER}/"):
        shutil.rmtree(path)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if not path.is_dir() or path.is_symlink())


def _is_work(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    if parts[-1] in _BOOKS or _TRACKER in parts[:-1] or parts[-1].startswith(_EVENTS):
        return False
    return parts[-1] != _CURVE or path.read_bytes().count(b"\n") > 1
