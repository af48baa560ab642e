"""Training batches whose order is a function of seed and step alone, so that a run can go on where it stopped."""

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from rmexp.batches import PairBatch
from rmexp.data.encode import PairTokens
from rmexp.data.pack import pair_batch


class PairLoader:
    """All batches of a run, one epoch after the other, in one pass of known length.

    Args:
        pairs: training pairs.
        batch_pairs: pairs per batch; the last of an epoch may be smaller, and no pair is left out.
        epochs: passes over the pairs.
        seed: of the order; each epoch has another one.
        max_batches: end earlier, after so many batches; None for all epochs.
    """

    def __init__(
        self, pairs: Sequence[PairTokens], batch_pairs: int, epochs: int, seed: int, max_batches: int | None = None
    ) -> None:
        self.pairs = pairs
        self.batch_pairs = batch_pairs
        self.steps_per_epoch = math.ceil(len(pairs) / batch_pairs)
        self.batches = min(epochs * self.steps_per_epoch, max_batches or epochs * self.steps_per_epoch)
        self.done = 0
        # No more than one order is needed at a time.
        self._order = lru_cache(maxsize=1)(lambda epoch: np.random.default_rng([seed, epoch]).permutation(len(pairs)))

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[PairBatch]:
        for step in range(self.done, len(self)):
            self.done = step + 1
            yield self.batch(step)

    def batch(self, step: int) -> PairBatch:
        """The batch of one step, counted from 0."""
        epoch, position = divmod(step, self.steps_per_epoch)
        start = position * self.batch_pairs
        return pair_batch([self.pairs[index] for index in self._order(epoch)[start : start + self.batch_pairs]])

    def state_dict(self) -> dict[str, int]:
        """How many batches were handed out."""
        return {"done": self.done}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on after the batches that were handed out."""
        self.done = state["done"]
