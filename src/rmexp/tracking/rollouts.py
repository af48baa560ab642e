"""Some of the responses that a policy in training gave, as its run folder holds them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rmexp.left_files import damage_told, read_objects
from rmexp.tracking.tracked_run import Table

FILE = "samples.jsonl"
COLUMNS = ("iteration", "prompt", "response", "reward", "gold", "kl", "tokens", "ended")


def rollouts(rows: Sequence[tuple[Any, ...]]) -> Table:
    """Responses of one iteration as a table; see `COLUMNS`."""
    return Table("rollouts", COLUMNS, tuple(rows))


def read_rollouts(folder: Path) -> dict[int, Table]:
    """The tables of a run by iteration; none where it left no file."""
    rows = read_objects(folder / FILE)
    found: dict[int, list[tuple[Any, ...]]] = {}
    with damage_told(folder / FILE):
        for row in rows:
            found.setdefault(row["iteration"], []).append(tuple(row.get(name) for name in COLUMNS))
    return {iteration: rollouts(of_it) for iteration, of_it in found.items()}
