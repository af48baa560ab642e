"""A multirun that survives: finished cells are passed over, half-done ones go on, a failed one stops no other."""

import importlib
import json
import logging
import os
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf, open_dict

from rmexp.config.compose import search_path
from rmexp.config.folders import cell_name
from rmexp.config.hydra_private import launched
from rmexp.config.multirun import Cell, Multirun
from rmexp.config.problems import in_words
from rmexp.durable import alone, write_json
from rmexp.reports.terminal import number, percent, show_table
from rmexp.runs.folder import FAILURE, LOCK, FolderRefused, read_failure, write_failure
from rmexp.runs.rows import from_row, to_row
from rmexp.runs.summaries.compare import CompareSummary
from rmexp.runs.summaries.file import read_summary
from rmexp.runs.summaries.train import TrainSummary
from rmexp.sweeps.cell_stamp import leave_stamp, tree_state, unchanged

log = logging.getLogger(__name__)
SWEEP = "sweep.json"
FINISHED, FINISHED_BEFORE, FAILED = "finished", "finished before", "failed"


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


class Outcome(NamedTuple):
    """What became of a cell.

    Attributes:
        name: of the cell.
        folder: its run folder.
        state: `finished`, `finished before` or `failed`.
        message: why it failed.
        seconds: that it took now.
    """

    name: str
    folder: Path
    state: str
    message: str = ""
    seconds: float = 0.0


def run_sweep(verb: str, multirun: Multirun, config_dir: str | None) -> list[Outcome]:
    """Run what is left of a multirun.

    Args:
        verb: its code is the function of the same name in the module of the same name in `rmexp.verbs`.
        multirun: its cells, checked.
        config_dir: searched for options before the tree.

    Returns:
        The outcome of every cell, in order.

    Raises:
        ValueError: the folder holds another sweep, or cannot be written.
    """
    _bind_folder(verb, multirun)
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
        # without the other cells, which would go to every worker with every cell
        job = partial(run_cell, verb, multirun._replace(cells=[]), tree, os.getpid(), Path.cwd())
        overrides = [cell.overrides for cell in left]
        try:
            done = _launch(verb, multirun, config_dir, overrides, job)
        except Exception as error:  # of the launcher, as when one of its processes is killed; cells hand back theirs
            if not any((multirun.folder / cell.name).is_dir() for cell in left):
                raise
            log.warning("the launcher gave up: %s", in_words(error))
            done = [_left_by(multirun.folder / cell.name, cell, tree) for cell in left]
        outcomes |= {outcome.name: outcome for outcome in done}
    return [outcomes[cell.name] for cell in multirun.cells]


def run_cell(verb: str, multirun: Multirun, tree: str, parent: int, place: Path, config: DictConfig) -> Outcome:
    """Run one cell, in whatever process the launcher has put it; an error is an outcome.

    Args:
        verb: see `run_sweep`.
        multirun: whose cell it is.
        tree: state of the configuration tree.
        parent: process that started the sweep.
        place: folder that it was started in; a worker that outlived another sweep is still in that one's.
        config: composed by Hydra.
    """
    from hydra.core.hydra_config import HydraConfig

    overrides = list(HydraConfig.get().overrides.task)
    name, began = cell_name(overrides, multirun.swept), time.perf_counter()
    folder = multirun.folder / name
    with open_dict(config):
        config.sweep_dir = str(multirun.folder)
        config.run_dir = str(folder if config.run_dir is None else config.run_dir)
    if os.getpid() != parent:
        os.chdir(place)
        _log_as(name)
    try:
        result = importlib.import_module("rmexp.verbs.call").call(verb, config)
        folder = result if isinstance(result, Path) else folder
        leave_stamp(folder, config, overrides, tree)
        return Outcome(name, folder, FINISHED, seconds=time.perf_counter() - began)
    except Exception as error:
        if os.environ.get("HYDRA_FULL_ERROR") == "1":
            traceback.print_exception(error)
        _leave_failure(Path(config.run_dir), error)
        log.warning("%s failed: %s", name, in_words(error))
        return Outcome(name, Path(config.run_dir), FAILED, in_words(error), time.perf_counter() - began)


def show_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Leave a table of all cells on the terminal, and why some failed."""
    figures = [_headline(cell) for cell in outcomes]
    names = list(dict.fromkeys(name for found in figures for name in found))
    rows = [
        (cell.name, cell.state, *(found.get(name, "-") for name in names), f"{cell.seconds:.1f} s")
        for cell, found in zip(outcomes, figures, strict=True)
    ]
    print()
    show_table(("cell", "", *names, ""), rows)
    for cell in outcomes:
        if cell.state == FAILED:
            print(f"{cell.name}: {cell.message}")


def _headline(cell: Outcome) -> dict[str, str]:
    """The figures that cells are compared by, in words: those of a verb and task; none where they left none."""
    if cell.state == FAILED:
        return {}
    if (compared := read_summary(cell.folder, CompareSummary)) is not None:
        return {"explicit": percent(compared.explicit.accuracy), "implicit": percent(compared.implicit.accuracy)}
    if (trained := read_summary(cell.folder, TrainSummary)) is None:
        return {}
    if trained.policy is not None:
        return {"reward": number(trained.policy.reward.after), "kl": number(trained.policy.kl)}
    return {"accuracy": percent(trained.val.accuracy), "loss": number(trained.val.loss)}


def _bind_folder(verb: str, multirun: Multirun) -> None:
    """Make the folder this sweep's, or refuse one of another sweep."""
    sweep, path = Sweep(verb, tuple(multirun.fixed), tuple(multirun.swept)), multirun.folder / SWEEP
    if path.is_file():
        there = read_sweep(multirun.folder)
        if there != sweep:
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
    return from_row(Sweep, json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else Sweep("", (), ())


def _in_short(sweep: Sweep) -> str:
    return " ".join([sweep.verb, *sweep.fixed, *(f"{key}=..." for key in sweep.swept)])


def _launch(
    verb: str, multirun: Multirun, config_dir: str | None, cells: Sequence[Sequence[str]], job: Callable[[Any], Outcome]
) -> list[Outcome]:
    """Let Hydra's launcher run cells, one after the other or side by side."""

    def opened(config: DictConfig) -> None:
        if logs := OmegaConf.select(config, "hydra.launcher.submitit_folder"):
            log.info("every cell is a job; what it says goes to %s, its table comes when all are done", logs)

    overrides = [*multirun.hydra, f"hydra.sweep.dir='{multirun.folder}'"]
    return launched(verb, search_path(config_dir), overrides, cells, job, opened)


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
