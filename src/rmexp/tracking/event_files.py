"""TensorBoard: event files in the run folder, so that `tensorboard --logdir SWEEP` shows a whole sweep."""

import importlib.util
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rmexp.tracking.tracked_run import Results, Table, TrackedRun
from rmexp.tracking.tracker import OpenRun, Outcome

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

FOLDER = "tensorboard"
# Nothing that anybody would sort runs by; `data.name` says which data.
NOT_SETTINGS = ("callbacks.", "rmexp.", "run_dir", "sweep_dir", "data._target_", "data.cache_dir")


@dataclass(frozen=True)
class EventFiles:
    """TensorBoard, which reads what lies in the run folder."""

    def ready(self) -> None:
        """Look for the package.

        Raises:
            ValueError: it is not installed.
        """
        if importlib.util.find_spec("tensorboard") is None:
            raise ValueError("logger=tensorboard needs the package tensorboard (pip install 'rmexp[tensorboard]')")

    def open(self, run: TrackedRun) -> OpenRun:
        """Open a new file in the place of older ones: what goes on is told its first steps again."""
        from torch.utils.tensorboard import SummaryWriter

        folder = run.folder / FOLDER
        if folder.exists():
            shutil.rmtree(folder)
        return _Run(SummaryWriter(str(folder)), run)


class _Run:
    """A file that is being written."""

    last_step = 0

    def __init__(self, writer: "SummaryWriter", run: TrackedRun) -> None:
        self._writer, self._run, self._step = writer, run, 0

    def figures(self, step: int, values: Mapping[str, float]) -> None:
        """A point of each curve, all in one event: `add_scalar` makes one of each, which costs a step far more."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._step = step
        points = [Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
        self._writer.file_writer.add_summary(Summary(value=points), step)  # type: ignore[attr-defined]  # see `results`

    def histogram(self, step: int, name: str, values: Sequence[float]) -> None:
        """A distribution over the steps."""
        self._writer.add_histogram(name, np.asarray(values), step)

    def table(self, step: int, table: Table) -> None:
        """Under "Text", in Markdown."""
        lines = [table.columns, ["---"] * len(table.columns), *table.rows]
        text = "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)
        self._writer.add_text(table.name, text, step)

    def results(self, results: Results) -> None:
        """Final figures beside the settings, under "HParams"."""
        from torch.utils.tensorboard.summary import hparams

        settings = {
            key: value
            for key, value in self._run.flat().items()
            if isinstance(value, int | float | str)
            and not key.startswith(NOT_SETTINGS)
            and not key.endswith("_partial_")
        }
        final = {f"final/{name}": value for name, value in results.figures.items()}
        writer = self._writer.file_writer
        for summary in hparams(settings, final):  # type: ignore[no-untyped-call]
            writer.add_summary(summary)  # type: ignore[attr-defined]  # None once it is closed
        self.figures(self._step, final)
        for table in results.tables:
            self.table(self._step, table)

    def close(self, outcome: Outcome) -> None:
        """Write what there still is."""
        self._writer.close()


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", "<br>")
