"""What a model in training gave to each validation pair, at every validation: how its order of pairs came about."""

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import lightning as L
import numpy as np
from lightning.pytorch.callbacks import Callback
from numpy.typing import NDArray

from rmexp.jsonl import keep_rows
from rmexp.tracking.trackers import Trackers
from rmexp.tracking.validations import FILE, NO_TEXTS, Texts, shortened, validation_of

log = logging.getLogger(__name__)


class ValidationRewards(Callback):
    """Appends the rewards of every validation to a file; those of an interrupted run up to its checkpoint are kept.

    Args:
        folder: of the run.
        keep_steps: rows up to this step are kept; later ones will be written again.
        clusters: (N,) numbers of what is independent among the validation pairs, for the interval of their accuracy.
        cut_shares: share of the examples of a split of which something was cut, by the name of the split.
        texts: prompt and responses of a validation pair, by its number.
    """

    def __init__(
        self,
        folder: Path,
        keep_steps: int,
        clusters: NDArray[np.int64] | None = None,
        cut_shares: Mapping[str, float] = MappingProxyType({}),
        texts: Callable[[int], Texts] = lambda pair: NO_TEXTS,
    ) -> None:
        self.path, self.clusters, self.cut_shares, self.texts = folder / FILE, clusters, dict(cut_shares), texts
        keep_rows(self.path, "step", keep_steps)

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Tell the module, which logs the interval beside the accuracy, and the shares."""
        pl_module.val_clusters = self.clusters  # type: ignore[assignment]  # no module, nor a tensor
        pl_module.cut_shares = self.cut_shares  # type: ignore[assignment]

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write the rewards that the module has just judged."""
        validated = getattr(pl_module, "validated", None)  # a module that judges no pairs has none
        if validated is None or not trainer.is_global_zero:
            return
        step, steps = trainer.global_step, trainer.estimated_stepping_batches
        row: dict[str, object] = {"step": step, "progress": step / steps}
        for name, figures in zip(("chosen", "rejected", "target"), validated, strict=True):
            row[name] = [float(f"{value:.7g}") for value in figures.tolist()]
        shown = sorted({pair for _, pair in validation_of(row).shown()})
        row["texts"] = {str(pair): [shortened(text) for text in self.texts(pair)] for pair in shown}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
        if validation_of(row).constant:
            log.warning("  step %d: all validation responses have the same reward", step)
        for logger in trainer.loggers:
            if isinstance(logger, Trackers):
                logger.validation(validation_of(row))
