"""Which trackers have heard all of a finished run, so that the same command does not send it twice."""

import os
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from rmexp.durable import write_json
from rmexp.left_files import read_json
from rmexp.tracking.tracker import Tracker

FILE, SUMMARY = "trackers.json", "summary.json"


def not_told(folder: Path, trackers: Mapping[str, Tracker]) -> dict[str, Tracker]:
    """Those that have not heard of a run as it is now, with the settings that they have now.

    An agent of a W&B sweep makes a run of its own for every trial, so that each is told.
    """
    known = _read(folder)
    return {name: tracker for name, tracker in trackers.items() if known.get(name) != _state(folder, tracker)}


def mark_told(folder: Path, trackers: Mapping[str, Tracker], names: Iterable[str]) -> None:
    """Keep that they have heard of it."""
    states = {name: _state(folder, trackers[name]) for name in names}
    if states:
        write_json(folder / FILE, _read(folder) | states)


def _read(folder: Path) -> dict[str, str]:
    return read_json(folder / FILE) if (folder / FILE).is_file() else {}


def _state(folder: Path, tracker: Tracker) -> str:
    summary = folder / SUMMARY
    content = (summary.read_bytes() if summary.is_file() else b"") + repr(
        (tracker, os.environ.get("WANDB_RUN_ID"))
    ).encode()
    return sha256(content).hexdigest()[:16]
