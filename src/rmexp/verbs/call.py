"""How a verb is called: trackers are looked for first, and hear of what it came to."""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from rmexp.config.imported import import_plugins
from rmexp.config.multirun import Multirun
from rmexp.config.paths import look_for_paths
from rmexp.config.tracked import tracked_run, trackers_of
from rmexp.hardware.processes import launched, this_process
from rmexp.phases import importing
from rmexp.runs.files import CONFIG
from rmexp.runs.summaries.file import SUMMARY
from rmexp.tracking.told import not_told
from rmexp.tracking.tracked_run import TrackedRun
from rmexp.tracking.tracker import Tracker
from rmexp.verbs.limits import with_limits

SHARED = ("train", "compare", "score", "evaluate", "best-of-n")  # verbs that several processes may run together


def call(verb: str, config: DictConfig) -> Any:
    """Run a verb: the function of its name in the module of its name, or the function `plan` there for plan=true.

    Returns:
        What it returns, as a rule its run folder.

    Raises:
        ValueError: a tracker cannot be used, or a path leads to nothing; nothing has been done yet.
        Exception: of a plug-in that cannot be imported; nothing has been done yet.
    """
    look_for_paths(config)
    refuse_others(verb)
    import_plugins(config)
    trackers = {} if this_process().number else trackers_of(config)
    for tracker in trackers.values():
        tracker.ready()
    config = with_limits(config)
    name = verb.replace("-", "_")
    with importing():
        module = importlib.import_module(f"rmexp.verbs.{name}")
    folder = getattr(module, "plan" if config.get("plan") else name)(config)
    if trackers and isinstance(folder, Path) and (folder / SUMMARY).is_file() and (folder / CONFIG).is_file():
        _tell(verb, folder, not_told(folder, trackers))
    return folder


def refuse_others(verb: str, *, sweep: bool = False) -> None:
    """Refuse processes of a launcher where there is nothing that they could share.

    Args:
        verb: that they run.
        sweep: whether it is one of many cells.

    Raises:
        ValueError: in the first process, where there are others.
        SystemExit: in these.
    """
    if not launched() or (verb in SHARED and not sweep):
        return
    if this_process().number:
        raise SystemExit(1)
    count = this_process().count
    if sweep:
        raise ValueError(
            f"a sweep starts the processes of each cell itself, but {count} were started already (leave out torchrun "
            f"or srun: rmexp {verb} -m trainer=ddp trainer.devices={count} ...)"
        )
    raise ValueError(f"rmexp {verb} is work of one process, but {count} were started (leave out torchrun or srun)")


def tell_sweep(verb: str, config: DictConfig, multirun: Multirun, folders: Sequence[Path]) -> None:
    """Send what became of a sweep: a run of its own, in the group of its cells, with their figures as a table.

    Args:
        verb: of the cells.
        config: of one of them, for its loggers.
        multirun: the sweep.
        folders: of the cells that have finished.
    """
    trackers = trackers_of(config)
    if not trackers:
        return
    from rmexp.runs.results import sweep_results
    from rmexp.tracking.trackers import tracked

    settings = {"verb": verb, "fixed": list(multirun.fixed), "swept": list(multirun.swept)}
    name = multirun.folder.resolve().name
    with tracked(trackers, TrackedRun(multirun.folder, name, "sweep", name, settings)) as told:
        told.results(sweep_results(folders))


def _tell(verb: str, folder: Path, trackers: Mapping[str, Tracker]) -> None:
    """Send a finished run, from its files, to trackers that have not heard of it."""
    if trackers:
        from rmexp.runs.results import results_of  # which imports all summaries
        from rmexp.tracking.trackers import tracked  # and this Lightning

        with tracked(trackers, tracked_run(folder, verb)) as told:
            told.replay()
            told.results(results_of(folder))
