"""How far a run is: told to whoever watches, or one plain line now and then in the log."""

import logging
import time
from contextlib import ExitStack
from typing import Annotated, Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from rmexp.phases import Phase, phase, progressed
from rmexp.tracking.logged_figures import SAMPLED, SHOWN
from rmexp.training.callbacks.throughput import Throughput

LEAST_PAUSE = 0.25  # seconds between two steps that are shown to a watcher, who draws no more often
log = logging.getLogger(__name__)


def progress(line_every_steps: Annotated[int, "at least 1"]) -> Callback:
    """The callback that says how far a run is; without a terminal, by a line every `line_every_steps` steps."""
    return Progress(line_every_steps)


class ValidationPhase(Callback):
    """Counts the seconds of validations by themselves."""

    def __init__(self) -> None:
        self._running = ExitStack()

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Begin."""
        self._running.enter_context(phase(Phase.VALIDATING, f"after step {trainer.global_step}"))

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """End."""
        self._running.close()


class Progress(Callback):
    """Says step, loss, accuracy and margin, or reward and divergence, of the last step too, and every validation.

    All figures are those that were logged: nothing is read from the device for them. A step is told when the next one
    begins, for only then it is logged.

    Args:
        every_steps: between two lines of a log.
    """

    def __init__(self, every_steps: int) -> None:
        self.every_steps = every_steps
        self._done = self._told = 0  # batches
        self._said = 0  # the newest step that somebody was shown
        self._told_at = 0.0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Tell where it begins, by which the time left is judged."""
        if trainer.is_global_zero:
            done = trainer.fit_loop.epoch_loop.batch_progress.current.completed
            progressed(done // trainer.accumulate_grad_batches, int(trainer.estimated_stepping_batches))

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Tell of the step before."""
        self._tell(trainer)

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Take note of a step."""
        self._done = batch_idx + 1

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Tell of the step before."""
        self._tell(trainer)

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Tell of the last step, in a line however few there were."""
        self._tell(trainer, last=True)

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Log the validation's figures."""
        if trainer.is_global_zero:
            log.info("  step %d  %s", trainer.global_step, _line(trainer, "val/"))

    def _tell(self, trainer: L.Trainer, *, last: bool = False) -> None:
        step, within = divmod(self._done, trainer.accumulate_grad_batches)
        if within or step == self._said or not trainer.is_global_zero or (self._done == self._told and not last):
            return
        self._told, total = self._done, int(trainer.estimated_stepping_batches)
        line, now = last or step == total or step % self.every_steps == 0, time.monotonic()
        if now - self._told_at < LEAST_PAUSE and not line:
            return
        self._told_at = now
        if progressed(step, total, _shown(trainer)):
            self._said = step
        elif line:
            self._said = step
            log.info("  step %d of %d  %s", step, total, _line(trainer, "train/"))


def _logged(trainer: L.Trainer) -> dict[str, float]:
    """The last figures of steps and validations."""
    return {**trainer.callback_metrics, **getattr(trainer.lightning_module, "logged", {})}


def _line(trainer: L.Trainer, phase_name: str) -> str:
    """The figures of a plain line."""
    logged = _logged(trainer)
    names = [f"{phase_name}loss", f"{phase_name}accuracy", *(figure.name for figure in SAMPLED if figure.label)]
    return "  ".join(f"{name} {float(logged[name]):.4g}" for name in names if name in logged)


def _shown(trainer: L.Trainer) -> dict[str, str]:
    """The figures beside a bar, with the rates of training alone."""
    logged = _logged(trainer)
    found = {figure.label: figure.text(float(logged[figure.name])) for figure in SHOWN if figure.name in logged}
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, Throughput):
            examples, tokens = callback.rates()
            found |= {"examples/s": f"{examples:.3g}", "tokens/s": f"{tokens:,.0f}"}
    return found
