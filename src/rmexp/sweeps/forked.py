"""Cells side by side in processes that are forked off one which has imported everything: for many small ones."""

import importlib
import os
from collections.abc import Mapping, Sequence
from multiprocessing import get_context

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, run_job, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from rmexp.hardware.side_by_side import forked
from rmexp.phases import importing

_STAGE, _SCORER = "rmexp.stages.supervised", "rmexp.scoring.explicit"
NEEDED: Mapping[str, str] = {  # the module that brings what a verb waits for
    **dict.fromkeys(("train", "compare"), _STAGE),
    **dict.fromkeys(("best-of-n", "evaluate", "filter", "inspect", "score"), _SCORER),
}


class ForkedLauncher(Launcher):  # type: ignore[misc]  # of an untyped library
    """A launcher of Hydra; `hydra/launcher=forked`.

    Nothing is computed before the processes are forked off, so that no thread of torch is lost to them.

    Args:
        n_jobs: processes at once; -1 for one on each processor.

    Raises:
        ValueError: `n_jobs` is neither.
    """

    def __init__(self, n_jobs: int) -> None:
        if not isinstance(n_jobs, int) or (n_jobs != -1 and n_jobs < 1):
            raise ValueError(f"hydra.launcher.n_jobs must be at least 1, or -1 for one on each processor, got {n_jobs}")
        self.n_jobs = n_jobs

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Hear what is to be run."""
        self.context, self.job, self.config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> list[JobReturn]:
        """What each cell came to, in their order."""
        verb = self.config.hydra.job.config_name
        if verb in NEEDED:
            with importing("torch, transformers, before the cells are forked off"):
                importlib.import_module(NEEDED[verb])
        most = len(os.sched_getaffinity(0)) if self.n_jobs == -1 else self.n_jobs
        self.interrupted = get_context("fork").Event()  # one of them, and so all: no further cell begins
        with forked(min(most, len(job_overrides)), _know, self) as pool:
            try:
                cells = [pool.submit(_run, number, cell) for number, cell in enumerate(job_overrides, initial_job_idx)]
                return [cell.result() for cell in cells]
            except BaseException:
                self.interrupted.set()
                raise

    def run(self, number: int, overrides: Sequence[str]) -> JobReturn:
        """What one cell came to, in this process.

        Args:
            number: of the cell.
            overrides: of the cell.

        Raises:
            KeyboardInterrupt: the sweep is interrupted.
        """
        if self.interrupted.is_set():
            raise KeyboardInterrupt
        setup_globals()
        config = self.context.config_loader.load_sweep_config(self.config, list(overrides))
        with open_dict(config):
            config.hydra.job.id = config.hydra.job.num = number
        HydraConfig.instance().set_config(config)
        try:
            return run_job(
                task_function=self.job,
                config=config,
                job_dir_key="hydra.sweep.dir",
                job_subdir_key="hydra.sweep.subdir",
                hydra_context=self.context,
            )
        except KeyboardInterrupt:
            self.interrupted.set()
            raise


_launcher: ForkedLauncher  # of the sweep that this process was forked off for


def _know(launcher: ForkedLauncher) -> None:
    """Know the launcher."""
    global _launcher
    _launcher = launcher


def _run(number: int, overrides: Sequence[str]) -> JobReturn:
    return _launcher.run(number, overrides)
