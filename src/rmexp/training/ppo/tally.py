"""What the iterations of a run took and made, whether or not they are logged."""

from collections.abc import Mapping
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from rmexp.tracking.logged_figures import TIMED, columns

COUNTED = ("iterations", "tokens", "seconds", "policy_loss")
TOKENS, LOSS = "rollout/tokens", "update/policy_loss"


class Tally(Callback):
    """Sums over the iterations of a run, those before an interruption included.

    Attributes:
        iterations: that are counted: all but those before a checkpoint of a version that counted none.
        tokens: of a response, summed over iterations.
        seconds: of each part of an iteration, by the name of its column.
        policy_loss: of the newest iteration; None before there is one.
    """

    def __init__(self) -> None:
        self.iterations, self.tokens = 0, 0.0
        self.seconds = dict.fromkeys(columns(TIMED), 0.0)
        self.policy_loss: float | None = None

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count an iteration by what it told, which is there whether a logger hears of it or not."""
        self.add({name: float(value) for name, value in trainer.callback_metrics.items()})

    def add(self, figures: Mapping[str, float]) -> None:
        """Count an iteration.

        Args:
            figures: of it, by their columns.
        """
        self.iterations += 1
        self.tokens += figures[TOKENS]
        self.seconds = {name: seconds + figures[name] for name, seconds in self.seconds.items()}
        self.policy_loss = figures[LOSS]

    def rates(self, responses: int) -> tuple[float, float]:
        """Responses and tokens per second of sampling, scoring and learning.

        Args:
            responses: of an iteration.
        """
        seconds = max(sum(self.seconds.values()), 1e-9)
        return self.iterations * responses / seconds, self.tokens * responses / seconds

    def iteration_seconds(self) -> dict[str, float]:
        """Mean of each part, by its name; nothing where no iteration was counted."""
        if not self.iterations:
            return {}
        return {name.rpartition("/")[2]: round(sum_ / self.iterations, 6) for name, sum_ in self.seconds.items()}

    def state_dict(self) -> dict[str, Any]:
        """For checkpoints, so that a resumed run goes on counting."""
        return {name: getattr(self, name) for name in COUNTED}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on after what a checkpoint has counted."""
        for name in COUNTED:
            setattr(self, name, state_dict[name])
