"""A multirun that survives: finished cells are passed over, half-done ones go on, a failed one stops no other."""

import importlib
import logging
import os
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf, open_dict

from rmexp.config.compose import search_path
from rmexp.config.folders import cell_name
from rmexp.config.hydra_private import launched
from rmexp.config.identity.values import leaves
from rmexp.config.multirun import Cell, Multirun
from rmexp.config.problems import in_words
from rmexp.durable import alone
from rmexp.hardware.processes import command_line
from rmexp.phases import Phase, counting, heading, interruption, phase_seconds
from rmexp.phases import in_words as seconds_in_words
from rmexp.plugins.named import flags
from rmexp.runs.failure import read_failure, write_failure
from rmexp.runs.files import FAILURE, LOCK
from rmexp.runs.folder import FolderRefused
from rmexp.sweeps.bound_folder import bind_folder
from rmexp.sweeps.cell_stamp import leave_stamp, tree_state, unchanged
from rmexp.sweeps.forked import ForkedLauncher
from rmexp.sweeps.outcomes import FAILED, FINISHED, FINISHED_BEFORE, Outcome, Standing

log = logging.getLogger(__name__)


class Launch(NamedTuple):
    """What every cell is run with, in whatever process the launcher has put it.

    Attributes:
        verb: its code is the function of the same name in the module of the same name in `rmexp.verbs`.
        multirun: whose cells they are, without the cells, which would go to every worker with every cell.
        tree: state of the configuration tree.
        parent: process that started the sweep.
        config_dir: searched for options that the tree does not have.
        place: folder that it was started in; a worker that outlived another sweep is still in that one's.
        standing: how far the sweep is; workers have a copy, of its beginning.
    """

    verb: str
    multirun: Multirun
    tree: str
    parent: int
    config_dir: str | None
    place: Path
    standing: Standing


def run_sweep(verb: str, multirun: Multirun, config_dir: str | None) -> list[Outcome]:
    """Run what is left of a multirun.

    Args:
        verb: its code is the function of the same name in the module of the same name in `rmexp.verbs`.
        multirun: its cells, checked.
        config_dir: searched for options that the tree does not have.

    Returns:
        The outcome of every cell, in order.

    Raises:
        ValueError: the folder holds another sweep, or cannot be written.
    """
    bind_folder(verb, multirun)
    tree = tree_state(config_dir)
    outcomes: dict[str, Outcome] = {}
    for cell in multirun.cells:
        folder = multirun.folder / cell.name
        if multirun.named and unchanged(folder, cell.overrides, tree):
            outcomes[cell.name] = Outcome(cell.name, folder, FINISHED_BEFORE)
    left = [cell for cell in multirun.cells if cell.name not in outcomes]
    if outcomes:
        log.info("%d of %d cells are finished", len(outcomes), len(multirun.cells))
    _tell_failures(multirun.folder / cell.name for cell in left)
    if left:
        standing = Standing(len(multirun.cells), list(outcomes.values()))
        launch = Launch(verb, multirun._replace(cells=[]), tree, os.getpid(), config_dir, Path.cwd(), standing)
        outcomes |= {outcome.name: outcome for outcome in _run_left(left, launch, config_dir)}
    return [outcomes[cell.name] for cell in multirun.cells]


def _run_left(left: Sequence[Cell], launch: Launch, config_dir: str | None) -> list[Outcome]:
    """Run the cells that are left; a launcher that gives up does not lose what its cells have done."""
    folder = launch.multirun.folder
    try:
        overrides = [cell.overrides for cell in left]
        return _launch(launch.verb, launch.multirun, config_dir, overrides, partial(run_cell, launch))
    except KeyboardInterrupt as error:
        done = sum(unchanged(folder / cell.name, cell.overrides, launch.tree) for cell in left)
        cells = f"{launch.standing.before + done} of {launch.standing.total} cells are finished"
        raise KeyboardInterrupt(f"{str(error) or interruption()}; {cells}") from None
    except Exception as error:  # of the launcher, as when one of its processes is killed; cells hand back theirs
        if not any((folder / cell.name).is_dir() for cell in left):
            raise
        log.warning("the launcher gave up: %s", in_words(error))
        return [_left_by(folder / cell.name, cell, launch.tree) for cell in left]


def run_cell(launch: Launch, config: DictConfig) -> Outcome:
    """Run one cell; an error is an outcome.

    Args:
        launch: what every cell is run with.
        config: composed by Hydra.
    """
    from hydra.core.hydra_config import HydraConfig

    job, multirun = HydraConfig.get(), launch.multirun
    overrides = list(job.overrides.task)
    name = cell_name(overrides, multirun.swept)
    folder = multirun.folder / name
    with open_dict(config):
        config.sweep_dir = str(multirun.folder)
        config.run_dir = str(folder if config.run_dir is None else config.run_dir)
    if os.getpid() != launch.parent:
        os.chdir(launch.place)
        _log_as(name)
    told = heading(launch.standing.heading(int(job.job.num), name))
    with counting(), told, command_line(_command(launch, overrides, config.run_dir)):
        outcome = _outcome(launch, name, overrides, config)
    launch.standing.ended(outcome)
    return outcome


def _command(launch: Launch, overrides: Sequence[str], run_dir: str) -> list[str]:
    """What runs one cell by itself, as the other processes of its run are started."""
    options = [] if launch.config_dir is None else ["--config-dir", launch.config_dir]
    places = [f"{key}='{value}'" for key, value in (("run_dir", run_dir), ("sweep_dir", launch.multirun.folder))]
    own = [text for text in overrides if text.partition("=")[0] not in ("run_dir", "sweep_dir")]
    return [*flags(), launch.verb, *options, *own, *places]


def _outcome(launch: Launch, name: str, overrides: Sequence[str], config: DictConfig) -> Outcome:
    """Run the verb; what became of it."""
    began = time.perf_counter()
    folder = Path(config.run_dir)
    imports = Phase.IMPORTS.value
    try:
        result = importlib.import_module("rmexp.verbs.call").call(launch.verb, config)
        folder = result if isinstance(result, Path) else folder
        leave_stamp(folder, config, overrides, launch.tree)
        log.info("%s", seconds_in_words(phase_seconds()))
        return Outcome(name, folder, FINISHED, "", time.perf_counter() - began, phase_seconds().get(imports, 0.0))
    except Exception as error:
        if os.environ.get("HYDRA_FULL_ERROR") == "1":
            traceback.print_exception(error)
        _leave_failure(folder, error)
        why = in_words(error, leaves(OmegaConf.to_container(config, resolve=False)))
        log.warning("%s failed: %s", name, why)
        seconds = time.perf_counter() - began
        return Outcome(name, folder, FAILED, why, seconds, phase_seconds().get(imports, 0.0))


def _launch(
    verb: str, multirun: Multirun, config_dir: str | None, cells: Sequence[Sequence[str]], job: Callable[[Any], Outcome]
) -> list[Outcome]:
    """Let Hydra's launcher run cells, one after the other or side by side."""

    def opened(config: DictConfig) -> None:
        if logs := OmegaConf.select(config, "hydra.launcher.submitit_folder"):
            log.info("every cell is a job; what it says goes to %s, its table comes when all are done", logs)

    overrides = [*multirun.hydra, f"hydra.sweep.dir='{multirun.folder}'"]
    return launched(verb, search_path(config_dir), overrides, cells, job, opened, (ForkedLauncher,))


def _left_by(folder: Path, cell: Cell, tree: str) -> Outcome:
    """What became of a cell that nobody handed back; a process that is still at work on it is waited for."""
    if (folder / LOCK).is_file():
        with alone(folder / LOCK):
            pass
    if unchanged(folder, cell.overrides, tree):
        return Outcome(cell.name, folder, FINISHED)
    failure = read_failure(folder)
    why = "not finished; the same command goes on with it" if failure is None else failure.error
    return Outcome(cell.name, folder, FAILED, why)


def _tell_failures(folders: Iterable[Path]) -> None:
    for folder in folders:
        if (failure := read_failure(folder)) is not None:
            log.info("%s failed before (%s) and is tried again", folder.name, failure.error)


def _log_as(name: str) -> None:
    """Say which cell a line is of, in a process that runs cells beside others."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(f"{name.replace('%', '%%')}: %(message)s"))
    root = logging.getLogger("rmexp")
    root.handlers, root.propagate = [handler], False
    root.setLevel(logging.INFO)


def _leave_failure(folder: Path, error: Exception) -> None:
    """Leave failure.json also where a cell failed before it had its folder; nothing in a folder that is another's."""
    if isinstance(error, FolderRefused) or (folder / FAILURE).exists():
        return
    try:
        write_failure(folder, error)
    except OSError as unwritable:
        log.info("%s cannot be written: %s", folder / FAILURE, unwritable.strerror)
