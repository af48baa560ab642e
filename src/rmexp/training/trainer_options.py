"""How long a run is, when it looks up and which weights it keeps: the keys of the trainer group beside Lightning's."""

from dataclasses import dataclass
from typing import Annotated, Literal

from rmexp.ranges import check_ranges

# As Lightning spells them; those behind the first seven are its other names, see `spelled_out`.
Precision = Literal[
    "auto",
    "32-true",
    "bf16-mixed",
    "bf16-true",
    "16-mixed",
    "16-true",
    "64-true",
    "32",
    32,
    "bf16",
    "16",
    16,
    "64",
    64,
    "transformer-engine",
    "transformer-engine-float16",
]


@dataclass(frozen=True)
class TrainerOptions:
    """Length of a run, times of its validations, and what is made of them.

    Attributes:
        precision: of computing, as Lightning spells it; `auto` for bf16 products where they are faster.
        compiled: whether the layers are compiled by torch.compile first.
        max_epochs: passes over the training pairs, at least 1.
        max_steps: optimizer steps at most; None leaves it to `max_epochs`.
        threads: processor threads; None chooses by model size.
        validate_every_steps: optimizer steps between validations, besides the one that ends each epoch; None for those
            alone.
        workers: processes that put batches together ahead of their turn; 0 for the process that trains.
        keep: whose weights the model has: those of the `best` validation, or of the `last` step. Without a validation
            set they are the last.
        monitor: figure of a validation that says which is best; see `rmexp.tracking.logged_figures`.
        patience: validations in a row without improvement after which training stops, at least 1; None for never.
        min_delta: improvement that counts for `patience`, at least 0, in the unit of `monitor`.
        on_nonfinite: what is done where the loss or the gradient of a step is not finite: the run ends with `stop`, the
            update is left out with `skip`.
    """

    precision: Precision
    compiled: bool
    max_epochs: Annotated[int, "at least 1"]
    max_steps: Annotated[int, "at least 1"] | None
    threads: Annotated[int, "at least 1"] | None
    validate_every_steps: Annotated[int, "at least 1"] | None
    workers: Annotated[int, "at least 0"]
    keep: Literal["best", "last"]
    monitor: Literal["val/loss", "val/accuracy", "val/margin"]
    patience: Annotated[int, "at least 1"] | None
    min_delta: Annotated[float, "at least 0"]
    on_nonfinite: Literal["stop", "skip"]

    def __post_init__(self) -> None:
        check_ranges(self, "trainer")

    def check_validations(self, kind: str, *, validates: bool) -> None:
        """Refuse to look for what no validation will say.

        Args:
            kind: of examples: `pairs` or `demonstrations`.
            validates: whether there is a validation set.

        Raises:
            ValueError: naming the key to change.
        """
        if self.patience is not None and not validates:
            raise ValueError(
                f"trainer.patience={self.patience} needs a validation set, but there is none (set data.val_fraction "
                "above 0 or data.val_path, or trainer.patience=null)"
            )
        if self.monitor != "val/loss" and validates and kind == "demonstrations":
            raise ValueError(
                f"trainer.monitor={self.monitor}: demonstrations have a loss only (set trainer.monitor=val/loss)"
            )
