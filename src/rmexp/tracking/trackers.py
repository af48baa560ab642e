"""The trackers of a run: told everything, and never able to end it."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

from rmexp.tracking.metrics_csv import NOT_FIGURES, read_metrics
from rmexp.tracking.rollouts import read_rollouts
from rmexp.tracking.told import mark_told
from rmexp.tracking.tracked_run import Results, Table, TrackedRun
from rmexp.tracking.tracker import OpenRun, Outcome, Tracker
from rmexp.tracking.validations import Validation, read_validations

log = logging.getLogger(__name__)


class Trackers(Logger):
    """Open runs of trackers, as one logger for Lightning.

    One that fails is told of once and left alone: everything lies in the run folder, from where it can be sent.

    Args:
        opened: runs by the name of their tracker; one that fails is taken out.
        folder: of the run.

    Attributes:
        failed: names of those that failed.
        finished: whether they have been told what the run came to.
        steps_per_epoch: optimizer steps of a pass over the examples; None where that is not known.
    """

    def __init__(self, opened: dict[str, OpenRun], folder: Path) -> None:
        super().__init__()
        self._open, self._folder = opened, folder
        self.failed: list[str] = []
        self.finished = False
        self.steps_per_epoch: float | None = None
        self._given_up: list[OpenRun] = []

    @property
    def name(self) -> str:
        """Of the logger."""
        return "trackers"

    @property
    def version(self) -> str:
        """A run folder has one run of each."""
        return ""

    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: they were told when the runs were opened."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Tell the figures of a step."""
        assert step is not None
        figures = {name: value for name, value in metrics.items() if name not in NOT_FIGURES}
        if self.steps_per_epoch:
            figures["epoch"] = step / self.steps_per_epoch  # Lightning's own counts the one long pass
        if figures.keys() - {"epoch"}:
            self._tell(lambda run: run.figures(step, figures) if step > run.last_step else None)

    @rank_zero_only
    def validation(self, validation: Validation) -> None:
        """Tell how rewards and margins are distributed."""
        for name, values in validation.distributions().items():
            self._histogram(validation.step, name, values)
        self.table(validation.step, validation.extremes())

    @rank_zero_only
    def table(self, step: int, table: Table) -> None:
        """Tell rows that belong to a step."""
        self._tell(lambda run: run.table(step, table) if step > run.last_step else None)

    def replay(self) -> None:
        """Tell what the files of the folder hold already: every step once, each in its order."""
        rows = read_metrics(self._folder / "metrics.csv")
        validations, tables = {one.step: one for one in read_validations(self._folder)}, read_rollouts(self._folder)
        for row in rows:
            step = int(row["step"])
            self.log_metrics({name: float(value) for name, value in row.items() if value}, step)
            if row.get("val/loss") and step in validations:
                self.validation(validations[step])
            if step in tables:
                self.table(step, tables[step])

    def results(self, results: Results | None) -> None:
        """Tell what the run came to, if it has finished."""
        if results is not None:
            self._tell(lambda run: run.results(results))
            self.finished = True

    def close(self, outcome: Outcome) -> None:
        """Let go of all, and say how to send what one of them missed."""
        self._tell(lambda run: run.close(outcome))
        for run in self._given_up:
            with suppress(Exception):  # it has been told of
                run.close(outcome)
        self._open.clear()
        for name in self.failed:
            log.warning(
                "%s does not have all of this run; send it with: rmexp track %s", name, again(self._folder, name)
            )

    def give_up(self, name: str, error: Exception) -> None:
        """Say once why a tracker is told nothing more."""
        self.failed.append(name)
        reason = " ".join(str(error).split()) or type(error).__name__
        log.warning("%s: %s; it is not told any more, the run folder has everything", name, reason)

    def _histogram(self, step: int, name: str, values: Sequence[float]) -> None:
        self._tell(lambda run: run.histogram(step, name, values) if step > run.last_step else None)

    def _tell(self, tell: Callable[[OpenRun], None]) -> None:
        for name, run in list(self._open.items()):
            try:
                tell(run)
            except Exception as error:
                self._given_up.append(self._open.pop(name))
                self.give_up(name, error)


@contextmanager
def tracked(trackers: Mapping[str, Tracker], run: TrackedRun, *, begun: bool = True) -> Iterator[Trackers]:
    """Trackers that hear of a run what a block tells them, closed as what became of the block.

    Args:
        trackers: by name.
        run: that they hear of.
        begun: whether work has been done that a tracker must not cost: then one that cannot be opened is told of, as
            one that fails later.

    Raises:
        ValueError: one cannot be opened, and nothing has begun.
    """
    opened: dict[str, OpenRun] = {}
    outcome: Outcome = "failed"
    told = Trackers(opened, run.folder)
    try:
        for name, tracker in trackers.items():
            try:
                opened[name] = tracker.open(run)
            except Exception as error:
                if not begun:
                    raise
                told.give_up(name, error)
        yield told
        outcome = "finished"
    except KeyboardInterrupt:
        outcome = "killed"
        raise
    finally:
        told.close(outcome)
    if told.finished:
        mark_told(run.folder, trackers, trackers)  # what failed has its own command, said above


def again(folder: Path, name: str) -> str:
    """The arguments of `rmexp track` that send a folder to a tracker."""
    online = " logger.mode=online" if name == "wandb" else ""
    return f"path='{folder}' logger={name}{online}"
