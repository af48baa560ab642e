"""What a tracker is told of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class TrackedRun:
    """One run of training, for a tracker beside metrics.csv.

    Attributes:
        folder: of the run.
        name: of the run.
        task: that it trains.
        belongs_to: name of the sweep or comparison; None outside one.
        config: the configuration, unresolved and without secrets.
    """

    folder: Path
    name: str
    task: str
    belongs_to: str | None
    config: Mapping[str, Any]
