"""Where the results of a configuration go when nobody says: the same place each time, so that runs resume."""

import hashlib
import json
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from rmexp.config.problems import RUNS
from rmexp.runs.folder import RunConfig
from rmexp.sources.file_names import name_of_files

_LONGEST = 120  # characters of a folder name; file systems stop at 255 bytes


def run_folder(verb: str, config: DictConfig, bound: RunConfig) -> Path:
    """The folder of a run: `run_dir`, else one named by the configuration.

    Args:
        verb: that leaves it.
        config: that it is named by.
        bound: the same as plain values, see `run_config`.

    Returns:
        `runs/<verb>/<task>-<scorer>-<data>-<model>-<hash8>` with the parts that there are, when nothing else is said.
    """
    if config.run_dir is not None:
        return Path(str(config.run_dir))  # a name such as 0.5 is read as a number
    keys = ("task", "scorer.name", "data.name", "model.name")
    parts = [value for key in keys if isinstance(value := _named(config, key), str)]
    name, place, digits = _safe("-".join(parts)), Path(RUNS, verb), bound.fingerprint
    folder = place / f"{name}-{digits}".lstrip("-")
    if folder.exists():
        return folder
    # The digits tell the run; what it is called before them has changed with time.
    former = [found for known in (digits, bound.former_fingerprint) for found in sorted(place.glob(f"*-{known}"))]
    return next(iter(former), folder)


def _named(config: DictConfig, key: str) -> object:
    """What a part of the configuration is called; candidates from a file stand in the place of data."""
    candidates = OmegaConf.select(config, "candidates.path")
    return name_of_files(candidates) if key == "data.name" and candidates else OmegaConf.select(config, key)


def sweep_folder(verb: str, sweep_dir: str | None, fixed: Collection[str], swept: Collection[str]) -> Path:
    """The folder of a multirun: `sweep_dir`, else one named by what its cells share and by which keys differ.

    Further values of the same keys belong to the same sweep.
    """
    if sweep_dir is not None:
        return Path(str(sweep_dir))
    digest = hashlib.sha256(json.dumps([sorted(fixed), sorted(swept)]).encode()).hexdigest()[:8]
    return Path(RUNS, "sweep", f"{_safe(','.join([verb, *sorted(swept)]))}-{digest}")


def cell_name(overrides: Sequence[str], swept: Collection[str]) -> str:
    """A file name for a cell: its swept overrides, whatever the order of the command line.

    A hash goes with it where characters or length had to give way.

    >>> cell_name(["task=reward", "seed=1", "optimizer.lr=0.1"], ["seed", "optimizer.lr"])
    'optimizer.lr=0.1,seed=1'
    """
    own = sorted(text.lstrip("+") for text in overrides if text.lstrip("+").partition("=")[0] in swept)
    text = ",".join(own) or "default"
    name = _safe(text)
    return name if name == text else f"{name[:_LONGEST]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _safe(text: str) -> str:
    return re.sub(r"[^\w.,=+@~-]", "_", text)[:_LONGEST].lstrip(".")
