"""Folders that a configuration writes to: whether they can be, found out before anything is read."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rmexp.config.problems import PLACES, RUNS

_SCORED_ALONE = ("prompt", "input")  # keys of texts that are scored without a run


def unwritable(content: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each folder that is none, or that nothing can be written to.

    Args:
        content: a configuration as plain data.
    """
    if any(content.get(key) is not None for key in _SCORED_ALONE):
        return
    keys: dict[str, list[str]] = {}
    for key, value in _written(content, ""):
        if problem := _problem(Path(value)):
            keys.setdefault(problem, []).append(key)
    yield from (f"{problem} (set {' or '.join(named)})" for problem, named in keys.items())


def _written(node: Any, path: str) -> Iterator[tuple[str, str]]:
    """Keys with the folders that they name, or leave to be chosen."""
    if not isinstance(node, Mapping):
        return
    for key, value in node.items():
        if path + key == "run_dir" and value is None and not node.get("plan"):
            value = RUNS
        if key in PLACES and value not in (None, "???") and "${" not in str(value):
            yield f"{path}{key}", str(value)
        yield from _written(value, f"{path}{key}.")


def _problem(path: Path) -> str | None:
    there = next(place for place in (path, *path.absolute().parents) if place.exists())
    if not there.is_dir():
        return f"{path}: expected a folder to write to, but {'it' if there == path else there} is a file"
    try:
        tempfile.TemporaryFile(dir=there).close()  # whoever may do anything is told of a read-only disk by trying alone
    except OSError as error:
        return f"{path}: expected a folder to write to, but {there} cannot be written ({error.strerror})"
    return None
