"""Folders that a configuration writes to: whether they can be, found out before anything is read."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rmexp.config.problems import RUNS

_SCORED_ALONE = ("prompt", "input")  # keys of texts that are scored without a run
_ENCODING = ("explicit.ExplicitScorer", "implicit.ImplicitScorer", "centred.CentredScorer")  # whose ids are kept
_FILES = "rmexp.sources.files.files"  # what it reads of large files is kept
_LARGE = 32 << 20  # bytes


def unwritable(content: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each folder that is none, or that nothing can be written to.

    Args:
        content: a configuration as plain data.
    """
    if any(content.get(key) is not None for key in _SCORED_ALONE):
        return
    keys: dict[str, list[str]] = {}
    for key, value in [*_caches(content, "", encodes=_encodes(content)), *_runs_own(content)]:
        if value not in (None, "???") and "${" not in str(value) and (problem := _problem(Path(str(value)))):
            keys.setdefault(problem, []).append(key)
    yield from (f"{problem} (set {' or '.join(named)})" for problem, named in keys.items())


def _runs_own(content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Keys with the folders of a run; that of a sweep is looked at when it begins."""
    if "run_dir" in content and not content.get("plan"):
        yield "run_dir", RUNS if content["run_dir"] is None else content["run_dir"]
    if "out" in content:
        yield "out", content["out"]


def _encodes(node: Any) -> bool:
    """Whether something is trained, or scored by what keeps the token ids of its texts."""
    if not isinstance(node, Mapping):
        return False
    return "trainer" in node or str(node.get("_target_")).endswith(_ENCODING) or any(map(_encodes, node.values()))


def _caches(node: Any, path: str, *, encodes: bool) -> Iterator[tuple[str, Any]]:
    """Keys with the folders that something of a data set will be kept in."""
    if not isinstance(node, Mapping):
        return
    if "cache_dir" in node and (encodes or _is_large(node)):
        yield f"{path}cache_dir", node["cache_dir"]
    for key, value in node.items():
        yield from _caches(value, f"{path}{key}.", encodes=encodes)


def _is_large(data: Mapping[str, Any]) -> bool:
    paths = [data.get(key) for key in ("path", "val_path", "test_path")]
    texts = [text for value in paths for text in (value if isinstance(value, list) else [value])]
    files = [Path(text) for text in texts if isinstance(text, str) and Path(text).is_file()]
    return data.get("_target_") == _FILES and sum(file.stat().st_size for file in files) > _LARGE


def _problem(path: Path) -> str | None:
    there = next(place for place in (path, *path.absolute().parents) if place.exists())
    if not there.is_dir():
        return f"{path}: expected a folder to write to, but {'it' if there == path else there} is a file"
    try:
        tempfile.TemporaryFile(dir=there).close()  # whoever may do anything is told of a read-only disk by trying alone
    except OSError as error:
        return f"{path}: expected a folder to write to, but {there} cannot be written ({error.strerror})"
    return None
