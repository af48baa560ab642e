"""Where the results of a configuration go when nobody says: the same place each time, so that runs resume."""

import hashlib
import re
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from rmexp.config.saved import PLACES, fingerprint

_LONGEST = 120  # characters of a folder name; file systems stop at 255 bytes


def run_folder(verb: str, config: DictConfig) -> Path:
    """The folder of a run: `run_dir`, else one below `sweep_dir` in a multirun, else one named by the configuration.

    Returns:
        `runs/<verb>/<task>-<scorer>-<data>-<model>-<hash8>` with the parts that there are, when nothing else is said.
    """
    if config.run_dir is not None:
        return Path(config.run_dir)
    if HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN:
        return Path(config.sweep_dir) / _cell_name(list(HydraConfig.get().overrides.task))
    keys = ("task", "scorer.name", "data.name", "model.name")
    parts = [value for key in keys if isinstance(value := OmegaConf.select(config, key), str)]
    return Path("runs", verb, f"{_safe('-'.join(parts))}-{fingerprint(config)}".lstrip("-"))


def _cell_name(overrides: list[str]) -> str:
    """A file name for a cell: its overrides; with a hash of them where characters or length had to give way."""
    own = [text for text in overrides if text.lstrip("+").partition("=")[0] not in PLACES]
    text = ",".join(own) or "default"
    name = _safe(text)
    return name if name == text else f"{name[:_LONGEST]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _safe(text: str) -> str:
    return re.sub(r"[^\w.,=+@~-]", "_", text)[:_LONGEST].lstrip(".")
