"""What a sweep folder is bound to: another sweep than the one that began it is refused."""

from dataclasses import dataclass
from pathlib import Path

from rmexp.config.identity.telling import telling
from rmexp.config.multirun import Multirun
from rmexp.durable import write_json
from rmexp.runs.rows import read_record, to_row

SWEEP = "sweep.json"


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep folder is bound to: the content of sweep.json.

    Attributes:
        verb: of every cell.
        fixed: overrides that all cells share.
        swept: keys that the sweep goes through.
    """

    verb: str
    fixed: tuple[str, ...]
    swept: tuple[str, ...]


def bind_folder(verb: str, multirun: Multirun) -> None:
    """Make a folder a sweep's, or refuse one of another sweep.

    Args:
        verb: of its cells.
        multirun: the sweep.

    Raises:
        ValueError: the folder holds another sweep, or cannot be written.
    """
    sweep, path = Sweep(verb, tuple(multirun.fixed), tuple(multirun.swept)), multirun.folder / SWEEP
    if path.is_file():
        there = read_sweep(multirun.folder)
        if (there.verb, there.swept, telling(there.fixed)) != (verb, sweep.swept, telling(sweep.fixed)):
            raise ValueError(
                f"the folder {multirun.folder} holds another sweep ({_in_short(there)}), this one is "
                f"{_in_short(sweep)}; set another sweep_dir, or delete the folder"
            )
        return
    try:
        write_json(path, to_row(sweep))
    except OSError as error:
        raise ValueError(
            f"the sweep folder {multirun.folder} cannot be written: {error.strerror} (set sweep_dir)"
        ) from error


def read_sweep(folder: Path) -> Sweep:
    """What a folder is bound to; nothing where it is no sweep's."""
    path = folder / SWEEP
    return read_record(Sweep, path) if path.is_file() else Sweep("", (), ())


def _in_short(sweep: Sweep) -> str:
    return " ".join([sweep.verb, *sweep.fixed, *(f"{key}=..." for key in sweep.swept)])
