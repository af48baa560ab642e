"""What a tracker is told of a run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class TrackedRun:
    """One run, for a tracker beside the files of its folder.

    Attributes:
        folder: of the run.
        name: of the run.
        task: that it trains, or the verb.
        belongs_to: name of the sweep or comparison; None outside one.
        config: the configuration: references between keys followed, environment and secrets left out.
        inner: whether it is part of another run that is tracked, such as the stage of a comparison.
        about: what the configuration does not say: versions, fingerprints, machine.
    """

    folder: Path
    name: str
    task: str
    belongs_to: str | None
    config: Mapping[str, object]
    inner: bool = False
    about: Mapping[str, object] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether it is no part of another run: neither the stage of one nor the cell of a sweep."""
        return self.belongs_to in (None, self.name)

    def flat(self) -> dict[str, object]:
        """Configuration and the rest by dotted path."""
        return dict(_leaves({**self.config, "rmexp": dict(self.about)}))


@dataclass(frozen=True)
class Table:
    """Rows to be shown as a table.

    Attributes:
        name: of it.
        columns: their names.
        rows: of plain values, one a column.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Artifact:
    """Files of a run that others build on.

    Attributes:
        kind: `model`, `report` or `scored`.
        path: file or folder.
        fingerprint: of the content, where it has one.
    """

    kind: str
    path: Path
    fingerprint: str | None = None


@dataclass(frozen=True)
class Results:
    """What a finished run came to.

    Attributes:
        figures: final ones by name, such as `accuracy/val`.
        about: what was found out while it ran, such as the precision.
        tables: to be shown.
        artifacts: that it left.
        used: fingerprints of data and models that it was made of, by what they are.
    """

    figures: Mapping[str, float]
    about: Mapping[str, object] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    used: Mapping[str, str] = field(default_factory=dict)


def _leaves(node: Mapping[str, object], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value
