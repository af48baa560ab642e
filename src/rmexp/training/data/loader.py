"""Training batches whose order is a function of seed and step alone, so that a run can go on where it stopped."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from rmexp.training.data.batch_order import Shuffled, Stream, Together, shared_out

Example = TypeVar("Example")
Batch = TypeVar("Batch")


@dataclass(frozen=True)
class Passes:
    """How a run goes over its examples.

    Attributes:
        epochs: passes over them.
        seed: of their order.
        max_batches: end earlier, after so many batches; None for all epochs.
        workers: processes that make batches ahead of their turn; 0 for none.
    """

    epochs: int
    seed: int
    max_batches: int | None = None
    workers: int = 0


class _Steps(Dataset[Batch]):
    """Batches by step, as torch's loader asks for them."""

    def __init__(self, batch: Callable[[int], Batch]) -> None:
        self.batch = batch

    def __getitem__(self, step: int) -> Batch:
        return self.batch(step)


class TrainingLoader(Generic[Example, Batch]):
    """All batches of a run, one epoch after the other, in one pass of known length.

    Args:
        examples: to train on.
        pack: makes a batch of some of them.
        order: which of them stand together; each epoch draws another order.
        passes: over the examples.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        pack: Callable[[Sequence[Example]], Batch],
        order: Shuffled | Stream | Together,
        passes: Passes,
    ) -> None:
        self.examples, self.pack, self.workers = examples, pack, passes.workers
        self.steps_per_epoch = order.steps
        all_batches = passes.epochs * order.steps
        self.batches = min(all_batches, passes.max_batches or all_batches)
        self.done = 0  # batches handed out; set before iterating, it is where a run goes on
        self.rank, self.ranks = 0, 1  # each of several processes has its share of every batch
        self.before_batch: Callable[[], None] | None = None  # called where nothing of the batch before is left to do
        # No more than one epoch is needed at a time.
        self._epoch = lru_cache(maxsize=1)(lambda epoch: order.batches(np.random.default_rng([passes.seed, epoch])))
        # What a batch is made of is asked for once more when it is counted.
        self._examples = lru_cache(maxsize=4)(lambda step: [examples[index] for index in self.indices(step)])

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[Batch]:
        steps = range(self.done, len(self))
        batches = self._ahead(steps) if self.workers else map(self.batch, steps)
        for step in steps:
            if self.before_batch is not None:
                self.before_batch()
            self.done = step + 1
            yield next(batches)

    def _ahead(self, steps: range) -> Iterator[Batch]:
        """The batches of steps, made by workers: a batch is a function of its step, whoever makes it."""
        made = DataLoader(_Steps(self.batch), batch_size=None, sampler=steps, num_workers=self.workers)
        return iter(made)

    def batch(self, step: int) -> Batch:
        """The batch of one step, counted from 0; of several processes the share of this one.

        One without a share has the first example, which it computes only to keep step with the others.
        """
        if self.ranks == 1:
            return self.pack(self._examples(step))
        indices = self.indices(step)
        share = self.shares(step)[self.rank]
        return self.pack([self.examples[index] for index in (share if len(share) else indices[:1])])

    def shares(self, step: int) -> list[NDArray[np.int64]]:
        """Places among the examples of what each process has in the batch of one step."""
        indices = self.indices(step)
        if self.ranks == 1:
            return [indices]
        examples = [self.examples[index] for index in indices]
        groups = [getattr(example, "group", None) for example in examples]
        tokens = [int(getattr(example, "tokens", 1)) for example in examples]  # numbers, say, have none
        shares = shared_out(tokens, groups, self.ranks)
        return [indices[share] for share in shares]

    def examples_of(self, step: int) -> list[Example]:
        """The examples in the batch of one step, those of all ranks."""
        return self._examples(step)

    def indices(self, step: int) -> NDArray[np.int64]:
        """Places among the examples of those in the batch of one step, those of all ranks."""
        epoch, position = divmod(step, self.steps_per_epoch)
        return self._epoch(epoch)[position]
