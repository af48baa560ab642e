"""Processes that train together must be of one run: the same configuration, data and checkpoint."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from rmexp.hardware.group import from_all

log = logging.getLogger(__name__)


class SameRun(Callback):
    """Compares what each process was started with, before the first step.

    Args:
        text: the configuration, as the folder is bound to it.
        inputs: fingerprints of what the configuration only names.
        step: of the checkpoint that the process goes on from; 0 without one.
        differences: where another configuration differs from this one, in words.
    """

    def __init__(
        self, text: str, inputs: Mapping[str, str | None], step: int, differences: Callable[[str], list[str]]
    ) -> None:
        self.text, self.inputs, self.step, self.differences = text, dict(inputs), step, differences
        self.before: int | None = None  # processes that a checkpoint is of

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Compare.

        Raises:
            ValueError: in the first process, with what differs.
            SystemExit: in the others, which have nothing to add.
        """
        if trainer.world_size == 1:
            return
        own, *others = found = from_all((self.text, self.inputs, self.step))
        for number, other in enumerate(others, 1):
            if other != own:
                if trainer.global_rank:
                    raise SystemExit(1)
                if problems := self._problems(*other):
                    raise ValueError(
                        f"process {number} of {len(found)} is not of the same run as process 0: {'; '.join(problems)} "
                        "(start all with one command, on the same files)"
                    )

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Remember how many there are, and say where a checkpoint is of another number."""
        if self.before not in (None, trainer.world_size) and not trainer.global_rank:
            log.info(
                "the checkpoint is of %s, this run has %d: batches and their order stay, sums are in another order",
                *(f"{self.before} processes" if self.before != 1 else "one process", trainer.world_size),
            )
        self.before = trainer.world_size

    def state_dict(self) -> dict[str, Any]:
        """For checkpoints."""
        return {"processes": self.before}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Remember how many there were."""
        self.before = state_dict["processes"]

    def _problems(self, text: str, inputs: Mapping[str, str | None], step: int) -> list[str]:
        problems = self.differences(text)
        for name in sorted({*inputs, *self.inputs}):
            there, here = inputs.get(name), self.inputs.get(name)
            if there != here:
                problems.append(f"{name}: {str(there)[:12]} there, {str(here)[:12]} in process 0")
        if step != self.step:
            problems.append(f"it goes on from step {step}, process 0 from step {self.step}")
        return problems or ["they differ"]
