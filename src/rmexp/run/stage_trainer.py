"""What the trainers of all stages have in common: quiet libraries, a tracker, a checkpoint to go on from."""

import logging
import warnings
from pathlib import Path
from typing import Any, cast

from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig, OmegaConf

from rmexp.config.build import build
from rmexp.config.saved import saved_yaml
from rmexp.runs.folder import CONFIG, RunFolder
from rmexp.training.checkpoints import newest_valid
from rmexp.training.tracked_run import TrackedRun

log = logging.getLogger(__name__)


def quiet_libraries() -> None:
    """Keep what Lightning and others print about themselves off the terminal."""
    for name in ("pytorch", "fabric"):
        logging.getLogger(f"lightning.{name}").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning")  # advice on loaders and deprecations of its dependencies
    warnings.filterwarnings("ignore", module="torchmetrics")  # restored figures are not "updated" in its eyes


def trackers(config: DictConfig, run: RunFolder) -> list[Logger]:
    """The logger that is configured beside metrics.csv, if any."""
    tracking = build(config.logger)
    if tracking is None:
        return []
    saved = cast(dict[str, Any], OmegaConf.to_container(OmegaConf.create(saved_yaml(config)), resolve=False))
    outer = run.path.resolve().parent  # a comparison, or PPO that trains its own reference
    nested = (outer / CONFIG).is_file()
    name = f"{outer.name}/{run.path.name}" if nested else run.path.name
    belongs_to = Path(config.sweep_dir).name if config.sweep_dir else outer.name if nested else None
    return [tracking(run=TrackedRun(run.path, name, config.task, belongs_to, saved))]


def checkpoint_of(run: RunFolder) -> Path | None:
    """Where to go on from, when the folder holds an unfinished run."""
    path, damaged = newest_valid(run.path / "checkpoints")
    for bad in damaged:
        log.info("checkpoint %s is damaged and left out", bad)
    if path is not None:
        log.info("going on from %s", path)
    return path
