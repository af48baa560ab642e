"""A run whose loss, gradient or weights are no longer finite is stopped, and nothing of it is saved."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from rmexp.training.callbacks.checkpoints import newest_valid, step_of
from rmexp.training.step_guard import BadSteps, StepGuard, nonfinite_weights

MOST_NAMES = 8  # that a message lists
log = logging.getLogger(__name__)


class NotFinite(ValueError):
    """A loss, a gradient or weights are not finite."""


class NonFinite(Callback):
    """Reads the guard of the steps where figures are logged and before anything is saved.

    Args:
        checkpoints: folder of them.
        skip: whether bad steps are left out and counted; else the first of them stops the run.
        every_steps: between two that are logged; 0 where none is.
        examples_of: names of the examples of a step, counted from 1, with what they are.
        setting: limit of the gradient and precision, in words.
    """

    def __init__(
        self,
        checkpoints: Path,
        *,
        skip: bool,
        every_steps: int,
        examples_of: Callable[[int], tuple[str, Sequence[str]]],
        setting: str,
    ) -> None:
        self.checkpoints, self.skip, self.every_steps = checkpoints, skip, every_steps
        self.examples_of, self.setting = examples_of, setting
        self.guard = StepGuard()
        self.known = 0  # bad steps that were told
        self.rate = 0.0  # learning rate that the schedule starts from

    @property
    def skipped(self) -> int | None:
        """Steps that were left out; None where the first would have stopped the run."""
        return self.guard.read().number if self.skip else None

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Refuse to start from weights that are broken already; look at every step from here on."""
        object.__setattr__(pl_module, "guard", self.guard)  # no part of the module
        self.rate = float(trainer.optimizers[0].param_groups[0]["initial_lr"])
        if names := nonfinite_weights(pl_module):
            raise NotFinite(
                f"the weights that training starts from are not finite ({_listed(names)}); set another model, or "
                f"delete the checkpoints in {self.checkpoints} where they come from there"
            )

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Look where the figures of a step are about to be logged, which waits for the device anyway."""
        if self.every_steps and (batch_idx + 1) % (trainer.accumulate_grad_batches * self.every_steps) == 0:
            self._look(pl_module)

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """A validation says nothing of weights that should not have been reached."""
        self._look(pl_module)

    def on_save_checkpoint(self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]) -> None:
        """Nothing is written that nobody could go on from."""
        self._look(pl_module)
        self._refuse_weights(trainer.global_step, pl_module)

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Nor does anything become of such a model."""
        self._look(pl_module)
        self._refuse_weights(trainer.global_step, pl_module)

    def state_dict(self) -> dict[str, Any]:
        """For checkpoints, so that a resumed run goes on counting."""
        return self.guard.read()._asdict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on counting."""
        self.guard = StepGuard(BadSteps(**state_dict))
        self.known = self.guard.seen.number

    def _look(self, module: L.LightningModule) -> None:
        seen = self.guard.read()
        if seen.number == self.known:
            return
        names = nonfinite_weights(module)
        if names or not self.skip:
            raise NotFinite(self._stopped(seen, names))
        kind, examples = self.examples_of(seen.first)
        first = "" if self.known else f"; the first was step {seen.first} with {kind} {_listed(examples)}"
        log.warning("%d steps left out, their loss or gradient is not finite%s", seen.number, first)
        self.known = seen.number

    def _stopped(self, seen: BadSteps, names: Sequence[str]) -> str:
        kind, examples = self.examples_of(seen.first)
        broken = f"; the weights were not finite before ({_listed(names)})" if names else ""
        return (
            f"step {seen.first}: the loss is {seen.loss:.4g} and the norm of its gradient {seen.gradient:.4g}, the "
            f"largest finite one was {seen.largest:.4g}{broken}; {kind} of the batch: {_listed(examples)}; "
            f"{self._advice()}"
        )

    def _refuse_weights(self, step: int, module: L.LightningModule) -> None:
        if names := nonfinite_weights(module):
            largest = self.guard.read().largest
            raise NotFinite(
                f"step {step}: its update made weights that are not finite ({_listed(names)}); the norm of the largest "
                f"gradient was {largest:.4g}; {self._advice()}"
            )

    def _advice(self) -> str:
        return (
            "set a lower optimizer.lr or trainer.gradient_clip_val, or trainer.precision=32-true "
            f"(now {self.rate:.4g}, {self.setting}); {self._before()}"
        )

    def _before(self) -> str:
        """Where the same command would go on."""
        path, _ = newest_valid(self.checkpoints)
        if path is None:
            return "nothing was saved: the same command begins anew, and would come here again"
        return f"the same command goes on from {path}, of step {step_of(path)}, and would come here again"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
