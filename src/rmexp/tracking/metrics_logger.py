"""The logger that writes metrics.csv, apart from its reader: Lightning takes seconds to import."""

import csv
import io
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

from rmexp.durable import write_text
from rmexp.left_files import damage_told
from rmexp.tracking.doubts import Doubts, doubts_of
from rmexp.tracking.metrics_csv import COLUMNS, read_metrics

log = logging.getLogger(__name__)


class MetricsCSV(Logger):
    """Lightning logger that appends rows to one file; nothing is lost when the process dies.

    Args:
        path: of the file; None writes nothing, in a process that follows another.
        steps_per_epoch: optimizer steps, for the column `epoch`.
        keep_steps: rows up to this step are kept from an interrupted run; later ones will be written again.
        columns: of the file.
        doubts: looks at the rows; what it finds is logged.
    """

    def __init__(
        self,
        path: Path | None,
        steps_per_epoch: float,
        keep_steps: int = 0,
        columns: Sequence[str] = COLUMNS,
        doubts: Doubts | None = None,
    ) -> None:
        super().__init__()
        self._columns = columns
        self._path, self.steps_per_epoch = path, steps_per_epoch
        if path is None:
            return
        rows = read_metrics(path)
        with damage_told(path):
            kept = [row for row in rows if int(row["step"]) <= keep_steps]
            self._before = float(kept[-1]["seconds"]) if kept else 0.0
        self._doubts = doubts
        if doubts is not None:
            doubts_of(kept, doubts)  # said before
        self._start = time.perf_counter()
        text = io.StringIO()
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(kept)
        write_text(path, text.getvalue())

    @property
    def name(self) -> str:
        """Of the logger."""
        return "csv"

    @property
    def version(self) -> str:
        """A run folder has one file."""
        return ""

    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: config.yaml holds them."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Append a row; `step` is how many steps are finished with it."""
        assert step is not None
        figures = {name: value for name, value in metrics.items() if name != "epoch"}
        if not figures or self._path is None:
            return
        seconds = self._before + time.perf_counter() - self._start
        row = {"step": step, "epoch": f"{step / self.steps_per_epoch:.6g}", "seconds": f"{seconds:.3f}"}
        for sentence in () if self._doubts is None else self._doubts.see({**figures, "step": step}):
            log.warning("  step %d: %s", step, sentence)
        with self._path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, self._columns).writerow(
                row | {name: f"{value:.9g}" for name, value in figures.items()}
            )
