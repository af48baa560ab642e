"""What a run leaves that has failed."""

import traceback
from dataclasses import dataclass
from pathlib import Path

from rmexp.durable import write_json
from rmexp.plugins.mistakes import place_of_mistake
from rmexp.runs.environment import now
from rmexp.runs.files import FAILURE
from rmexp.runs.rows import read_record, to_row


@dataclass(frozen=True, slots=True)
class FailureLeft:
    """The content of failure.json.

    Attributes:
        error: its kind and message.
        traceback: as Python prints it.
        time: in UTC.
    """

    error: str
    traceback: str = ""
    time: str | None = None


def write_failure(folder: Path, error: Exception) -> None:
    """Leave failure.json in a folder."""
    text, place = "".join(traceback.format_exception(error)), place_of_mistake(error)
    said = f"{type(error).__name__}: {error}"
    write_json(folder / FAILURE, to_row(FailureLeft(f"{said}, at {place}" if place else said, text, now())))


def read_failure(folder: Path) -> FailureLeft | None:
    """Why a run failed; None where it did not."""
    path = folder / FAILURE
    return read_record(FailureLeft, path) if path.is_file() else None
