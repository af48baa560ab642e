"""Whether a run has done anything in its folder yet, beside claiming it: what failed before binds nobody."""

from collections.abc import Iterator
from pathlib import Path

from rmexp.runs.environment import Environment
from rmexp.runs.files import CONFIG, ENVIRONMENT, FAILURE, LOCK
from rmexp.runs.rows import read_record

_BOOKS = (CONFIG, ENVIRONMENT, FAILURE, "bad_rows.jsonl", "report.html")
_CURVE = "metrics.csv"  # whose first line is there before the first step
_IDS = ("wandb/run_id", "mlflow/run_id")  # of the runs that trackers have opened
_WANDB, _EVENTS = "wandb", "events.out.tfevents."  # a folder of one tracker, and how the files of another begin


def has_begun(folder: Path) -> bool:
    """Whether there is more in a folder than runs write before their first step, or what no run of ours wrote."""
    return any(not _is_of_claim(path, folder) for path in _files(folder))


def forget(folder: Path) -> None:
    """Remove what claims have left in a folder in which nothing has begun, but for locks and what wandb is to send."""
    for path in _files(folder):
        if path.name != LOCK and (_WANDB not in path.relative_to(folder).parts or _is_id(path)):
            path.unlink()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if not path.is_dir() or path.is_symlink())


def _is_of_claim(path: Path, folder: Path) -> bool:
    """Whether a file is of those that come before the first step, of a run that has claimed the folder it lies in."""
    parts = path.relative_to(folder).parts
    if parts[-1] == LOCK:
        return True
    if _WANDB in parts[:-1]:
        return _is_claimed(folder.joinpath(*parts[: parts.index(_WANDB)]))
    if _is_id(path) or parts[-1].startswith(_EVENTS):
        return _is_claimed(path.parent.parent)
    if parts[-1] == _CURVE:
        return path.read_bytes().count(b"\n") <= 1 and _is_claimed(path.parent)
    return parts[-1] in _BOOKS and _is_claimed(path.parent)


def _is_id(path: Path) -> bool:
    return f"{path.parent.name}/{path.name}" in _IDS


def _is_claimed(folder: Path) -> bool:
    """Whether the configuration in a folder is one that a run has bound it to: it lies beside what that ran in."""
    if not (folder / CONFIG).is_file() or not (folder / ENVIRONMENT).is_file():
        return False
    try:
        ran_in = read_record(Environment, folder / ENVIRONMENT)
    except ValueError:  # it is damaged, or another program's
        return False
    return bool(ran_in.command and ran_in.start and ran_in.python)
