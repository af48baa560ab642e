"""Some of the responses that a policy in training gives: in the log, in a file, in the trackers."""

import json
import logging
from pathlib import Path
from statistics import fmean
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from rmexp.jsonl import keep_rows
from rmexp.records import prompt_text
from rmexp.tracking.rollouts import COLUMNS, FILE, rollouts
from rmexp.tracking.trackers import Trackers

log = logging.getLogger(__name__)

LONGEST = 100  # characters of a response in the log


class SampleLog(Callback):
    """Shows the first responses of an iteration now and then, and of the last one.

    Args:
        folder: of the run; those of an interrupted run up to its checkpoint are kept.
        keep_iterations: up to which they are kept; later ones will be written again.
        shown: responses of an iteration.
        every: iterations between two that are shown; the first one is.
        iterations: of the run.
    """

    def __init__(self, folder: Path, keep_iterations: int, shown: int, every: int, iterations: int) -> None:
        self.path, self.shown, self.every, self.iterations = folder / FILE, shown, every, iterations
        keep_rows(self.path, "iteration", keep_iterations)

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Show them when it is time."""
        if not self.shown or (batch_idx % self.every and batch_idx + 1 < self.iterations):
            return
        samples, divergences = pl_module.last_samples  # type: ignore[misc]  # set by a module that samples
        rows = [
            (
                batch_idx + 1,
                prompt_text(samples.prompts[place]),
                samples.texts[place],
                samples.rewards[place],
                None if samples.gold is None else samples.gold[place],
                round(float(divergences[place]), 4),
                samples.responses[place].response_tokens,
                samples.ended[place],
            )
            for place in range(min(self.shown, len(samples.texts)))
        ]
        with self.path.open("a", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False) + "\n")
        text, reward = repr(rows[0][2]), rows[0][3]
        shortened = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
        mean = fmean(samples.scored) if samples.scored else float("nan")
        figures = f"mean reward {mean:.3f}, KL {float(divergences.mean()):.2f}"
        one = "no reward" if reward is None else f"a reward of {reward:.3f}"
        log.info("  iteration %d, %s, a sample with %s: %s", batch_idx + 1, figures, one, shortened)
        for logger in trainer.loggers:
            if isinstance(logger, Trackers):
                logger.table(batch_idx + 1, rollouts(rows))
