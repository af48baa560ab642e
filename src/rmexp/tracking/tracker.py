"""What a tracker has to offer: a new one is a file here, and a YAML file in `conf/logger/`."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from rmexp.tracking.tracked_run import Results, Table, TrackedRun

Outcome = Literal["finished", "failed", "killed"]


class OpenRun(Protocol):
    """A run that a tracker listens to; any method may raise, and then no further one is called."""

    @property
    def last_step(self) -> int:
        """The last step whose figures the tracker has from before; 0 where it has none."""

    def figures(self, step: int, values: Mapping[str, float]) -> None:
        """Take the figures of a step.

        Args:
            step: optimizer steps that are finished, from 1; never smaller than that before it.
            values: by name.
        """

    def histogram(self, step: int, name: str, values: Sequence[float]) -> None:
        """Take a distribution, for instance of rewards."""

    def table(self, step: int, table: Table) -> None:
        """Take rows, for instance of responses sampled at a step."""

    def results(self, results: Results) -> None:
        """Take what the run came to; again, it stands in the place of what was taken before."""

    def close(self, outcome: Outcome) -> None:
        """Send what there still is."""


class Tracker(Protocol):
    """Something that shows runs, as configured."""

    def ready(self) -> None:
        """Look whether a run could be opened, before anything takes time.

        Raises:
            ValueError: a package, a key or the server is missing.
        """

    def open(self, run: TrackedRun) -> OpenRun:
        """Open a run: the same one for a folder that was tracked before.

        Raises:
            ValueError: it cannot be opened.
        """
