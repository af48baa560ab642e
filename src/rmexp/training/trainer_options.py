"""How long a run is and when it looks up: the keys of the trainer group that are not Lightning's."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainerOptions:
    """Length of a run and times of its validations.

    Attributes:
        precision: of computing, as Lightning spells it; `auto` for bf16 products where they are faster.
        compile: whether what lies between the matrix products is compiled first; see `compiled_operations`.
        max_epochs: passes over the training pairs, at least 1.
        max_steps: optimizer steps at most; None leaves it to `max_epochs`.
        threads: processor threads; None chooses by model size.
        validate_every_steps: optimizer steps between validations, besides the one that ends each epoch; None for those
            alone.
        workers: processes that put batches together ahead of their turn; 0 for the process that trains.
    """

    precision: str
    compile: bool
    max_epochs: int
    max_steps: int | None
    threads: int | None
    validate_every_steps: int | None
    workers: int

    def __post_init__(self) -> None:
        for name in ("max_epochs", "max_steps", "threads", "validate_every_steps"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"trainer.{name} must be at least 1, got {value}")
        if self.workers < 0:
            raise ValueError(f"trainer.workers must be at least 0, got {self.workers}")
