"""What lies in a folder of kept data and is of no use any more: unused indexes, and copies of records of no index."""

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

from rmexp.checked_arrays import Damaged, read_arrays
from rmexp.data.kept.copy import SUFFIX

log = logging.getLogger(__name__)

UNUSED_DAYS = 30  # of an index, which every run that uses it marks with the time
ORPHANED_DAYS = 1  # of a copy that no index names: one is written before its index
_DAY = 24 * 60 * 60


def clean(folder: Path) -> None:
    """Remove both, and say so."""
    unused = [index for index in folder.glob("*.index") if _days(index) > UNUSED_DAYS]
    _remove(unused)
    named = {name for index in folder.glob("*.index") for name in _copies(index)}
    orphans = [copy for copy in folder.glob(f"*{SUFFIX}") if copy.name not in named and _days(copy) > ORPHANED_DAYS]
    _remove(orphans)
    if unused or orphans:
        told = (folder, len(unused), UNUSED_DAYS, len(orphans))
        log.info("%s: removed %d indexes that no run has used for %d days and %d copies of records of none", *told)


def _copies(index: Path) -> Iterator[str]:
    """Names of the copies that an index is of."""
    try:
        files = json.loads(read_arrays(index)["about"].tobytes())["files"]
    except (Damaged, OSError):  # who wants to use it says so
        return
    yield from (file["copy"] for file in files if "copy" in file)


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _days(path: Path) -> float:
    try:
        return (time.time() - path.stat().st_mtime) / _DAY
    except FileNotFoundError:  # another process has removed it
        return 0.0
