"""Some of the responses that a policy in training gave, as its run folder holds them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rmexp.tracking.tracked_run import Table

FILE = "samples.jsonl"
COLUMNS = ("iteration", "prompt", "response", "reward", "gold", "kl", "tokens", "ended")


def rollouts(rows: Sequence[tuple[Any, ...]]) -> Table:
    """Responses of one iteration as a table; see `COLUMNS`."""
    return Table("rollouts", COLUMNS, tuple(rows))


def read_rollouts(folder: Path) -> dict[int, Table]:
    """The tables of a run by iteration; none where it left no file."""
    if not (folder / FILE).is_file():
        return {}
    rows = [json.loads(line) for line in (folder / FILE).read_text(encoding="utf-8").splitlines()]
    found: dict[int, list[tuple[Any, ...]]] = {}
    for row in rows:
        found.setdefault(row["iteration"], []).append(tuple(row.get(name) for name in COLUMNS))
    return {iteration: rollouts(of_it) for iteration, of_it in found.items()}
