"""Files that are either whole or absent: written beside their place, synced, then moved there in one step.

And work that several processes want is done by one of them alone.
"""

import fcntl
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

_PART = ".*.????????"  # a file that is not whole yet: see `tempfile.mkstemp`


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that appears at `path` only once the block has ended without an error.

    Args:
        path: where the finished file goes; its folder is made when missing, an older file is replaced.

    Yields:
        A binary file in the same folder (a rename across file systems would not be atomic).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # a full disk does not say which
        raise
    _sync(path.parent)


def move_folder(partial: Path, folder: Path) -> None:
    """Move a finished folder to its place once all of its files are on the disk; an older one there is removed.

    Args:
        partial: in the same folder as `folder`.
        folder: where it goes.
    """
    for path in (*partial.rglob("*"), partial):
        _sync(path)
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(partial, folder)
    _sync(folder.parent)


def _sync(path: Path) -> None:
    """Wait until a file, or what a folder says of its files, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_parts(folder: Path) -> None:
    """Remove what killed processes had written of files in a folder and those in it; nobody else may write there."""
    for pattern in (_PART, f"*/{_PART}"):
        for part in folder.glob(pattern):
            part.unlink(missing_ok=True)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a lock while the block runs; other processes that want it wait. It dies with its process.

    Args:
        path: of the lock, an empty file that stays; its folder is made when missing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        fcntl.flock(lock.fileno(), fcntl.LOCK_EX)
        yield


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8; see `whole_file`."""
    with whole_file(path) as file:
        file.write(text.encode())


def write_json(path: Path, content: Any) -> None:
    """Write `content` as indented JSON.

    Raises:
        ValueError: a NaN or an infinity, which other programs could not read, is in it; its place is named.
    """
    if broken := [f"{place} is {value}" for place, value in _not_finite(content, "")]:
        raise ValueError(f"{path}: expected finite numbers, but {', '.join(broken[:3])}")
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _not_finite(content: Any, place: str) -> Iterator[tuple[str, float]]:
    if isinstance(content, float) and not math.isfinite(content):
        yield place or "it", content
    items = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list | tuple)
        else ()
    )
    for key, value in items:
        yield from _not_finite(value, f"{place}.{key}" if place else str(key))
