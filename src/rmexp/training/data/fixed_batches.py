"""Validation batches, the same each time, of which each of several processes may have its share."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Generic, TypeVar

import lightning as L

Examples = TypeVar("Examples")
Batch = TypeVar("Batch")


class FixedBatches(Generic[Batch]):
    """Batches, each made when it is computed first and kept; Lightning would take a plain list for several loaders.

    Args:
        make: by number, makes each of them.
        total: batches of all processes; None where this one has all.
    """

    def __init__(self, make: Sequence[Callable[[], Batch]], total: int | None = None) -> None:
        self._make, self._made = make, list[Batch]()
        self.total = len(make) if total is None else total

    def __len__(self) -> int:
        return len(self._make)

    def __iter__(self) -> Iterator[Batch]:
        for number, make in enumerate(self._make):
            if number == len(self._made):
                self._made.append(make())
            yield self._made[number]


def batches_in(
    trainer: L.Trainer | None, batches: Sequence[Examples], pack: Callable[[Examples], Batch]
) -> FixedBatches[Batch]:
    """What a process of a trainer validates of some batches; `whole_validation` puts together what comes of it.

    Args:
        trainer: with one process or several; None for all batches.
        batches: of examples.
        pack: makes a batch of them.
    """
    rank, ranks = (0, 1) if trainer is None else (trainer.global_rank, trainer.world_size)
    return FixedBatches([partial(pack, batch) for batch in own_share(batches, rank, ranks)], len(batches))


def own_share(batches: Sequence[Batch], rank: int, ranks: int) -> list[Batch]:
    """Every n-th batch; a process that would have one less than others has the first again, to keep step with them.

    >>> [own_share("abcde", rank, 3) for rank in range(3)]
    [['a', 'd'], ['b', 'e'], ['c', 'a']]
    """
    own = [*batches[rank::ranks]]
    return own + [*batches[:1]] * (-(-len(batches) // ranks) - len(own))
