"""What somebody typed to start a run, as it was left in its folder."""

from pathlib import Path

from rmexp.runs.folder import read_environment
from rmexp.sweeps.cell_stamp import read_stamp


def typed_overrides(folder: Path) -> list[str]:
    """The overrides of a run, of a cell those of its sweep, too."""
    command = read_environment(folder).command
    return list(read_stamp(folder).overrides) or [text for text in command[2:] if "=" in text]


def typed_keys(folder: Path) -> set[str]:
    """The keys that these set."""
    return {text.lstrip("+").partition("=")[0] for text in typed_overrides(folder)}
