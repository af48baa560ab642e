"""Sends runs to a tracker from what lies in their folders: finished or not, killed or not, one or a whole sweep.

The same command again sends what is new, every step once.

Examples:
    rmexp track runs/train/reward-json_vs_text-tiny-1a2b3c4d logger=wandb logger.mode=online
    rmexp track runs/sweep/train,optimizer.lr-1a2b3c4d logger=tensorboard
    rmexp track RUN logger=mlflow logger.tracking_uri=http://HOST:5000
"""

from collections.abc import Iterator
from pathlib import Path

from omegaconf import DictConfig

from rmexp.config.tracked import tracked_run, trackers_of
from rmexp.runs.files import CONFIG
from rmexp.runs.results import results_of
from rmexp.runs.summaries.file import summary_row, verb_of

ASIDE = "-outdated-"
THEIRS = ("wandb", "tensorboard", "mlflow")  # folders of trackers in a run's


def track(config: DictConfig) -> None:
    """Composed configuration in, everything told."""
    from rmexp.tracking.trackers import tracked

    trackers, path = trackers_of(config), Path(str(config.path))
    if not trackers:
        raise ValueError("no tracker is named (set logger=wandb, logger=tensorboard or logger=mlflow)")
    if not path.is_dir():
        raise ValueError(f"{path}: expected a run folder or a folder of runs, but there is none (set path)")
    found = list(_runs(path))
    if not found:
        raise ValueError(f"{path}: expected a run folder or a folder of runs, found none in it (set path)")
    names, incomplete = ", ".join(trackers), 0
    for folder in found:
        with tracked(trackers, tracked_run(folder, _verb(folder))) as told:
            told.replay()
            results = results_of(folder)
            told.results(results)
        incomplete += bool(told.failed)
        state = "not all of it" if told.failed else "finished" if results else "so far, it has not finished"
        print(f"{folder}   {names}: {state}")
    if incomplete:
        raise ValueError(f"{incomplete} of {len(found)} runs were not sent wholly; the same command sends the rest")


def _runs(folder: Path) -> Iterator[Path]:
    """Runs at or below a folder, stages of a run after it."""
    if (folder / CONFIG).is_file():
        yield folder
    for child in sorted(folder.iterdir()):
        if child.is_dir() and child.name not in THEIRS and not child.name.startswith(".") and ASIDE not in child.name:
            yield from _runs(child)


def _verb(folder: Path) -> str:
    """Which verb makes a run; one that has not finished has stages or is one."""
    row = summary_row(folder)
    return (None if row is None else verb_of(row)) or "train"
