"""Which examples each batch of an epoch holds: shuffled, or with those of one prompt kept together."""

import math
from collections.abc import Hashable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Batches = list[NDArray[np.int64]]  # indices of examples, one array a batch


class Shuffled:
    """Batches of examples at random.

    Args:
        examples: how many there are.
        batch_size: examples per batch; the last batch may be smaller.
    """

    def __init__(self, examples: int, batch_size: int) -> None:
        self.examples, self.batch_size = examples, batch_size
        self.steps = math.ceil(examples / batch_size)

    def batches(self, random: np.random.Generator) -> Batches:
        """Those of one epoch; always `steps` of them, and no example is left out."""
        order = random.permutation(self.examples)
        return [order[start : start + self.batch_size] for start in range(0, self.examples, self.batch_size)]


class Stream:
    """Batches of one size out of one epoch after the other, each in another order: none is cut at an epoch's end.

    Args:
        examples: how many there are.
        batch_size: examples per batch; where it is more than there are, a batch has some of them twice.
        steps: batches of the whole run, which is one epoch to a loader.
    """

    def __init__(self, examples: int, batch_size: int, steps: int) -> None:
        self.examples, self.batch_size, self.steps = examples, batch_size, steps

    def batches(self, random: np.random.Generator) -> Batches:
        """All of them; more steps leave the first ones as they are."""
        epochs = math.ceil(self.steps * self.batch_size / self.examples)
        order = np.concatenate([random.permutation(self.examples) for _ in range(epochs)])
        return [*order[: self.steps * self.batch_size].reshape(self.steps, self.batch_size)]


class Together:
    """Batches of whole groups, at most `batch_size` examples each, so that what a group shares is computed once.

    A larger group is cut into equal parts at random. How many examples of which sizes of groups stand together is the
    same in every epoch, so that epochs are equally long; which groups of a size they are is drawn anew.

    Args:
        groups: of each example.
        batch_size: examples per batch at most.
    """

    def __init__(self, groups: Sequence[Hashable], batch_size: int) -> None:
        members: dict[Hashable, list[int]] = {}
        for index, group in enumerate(groups):
            members.setdefault(group, []).append(index)
        self._members = [np.array(indices) for indices in members.values()]
        self._parts = [math.ceil(len(indices) / batch_size) for indices in self._members]
        sizes = [
            len(part)
            for indices, parts in zip(self._members, self._parts, strict=True)
            for part in np.array_split(indices, parts)
        ]
        # A stable sort by size alone, so that a shuffle before it exchanges groups of one size.
        self._starts = _first_of_batches(sorted(sizes, reverse=True), batch_size)
        self.steps = len(self._starts)

    def batches(self, random: np.random.Generator) -> Batches:
        """Those of one epoch; always `steps` of them, and no example is left out."""
        parts = [
            part
            for indices, count in zip(self._members, self._parts, strict=True)
            for part in np.array_split(random.permutation(indices), count)
        ]
        shuffled = [parts[index] for index in random.permutation(len(parts))]
        ordered = sorted(shuffled, key=len, reverse=True)
        bounds = [*self._starts, len(ordered)]
        batches = [np.concatenate(ordered[start:end]) for start, end in pairwise(bounds)]
        return [batches[index] for index in random.permutation(self.steps)]


def shared_out(tokens: Sequence[int], groups: Sequence[Hashable], processes: int) -> list[list[int]]:
    """Share a batch out among processes so that each has a like number of tokens.

    The largest examples go first, each to the process that has the fewest tokens so far.

    Args:
        tokens: of each example.
        groups: of each; examples of one group stay together, None stands for a group by itself.
        processes: how many there are.

    Returns:
        Places of the examples of each process, ascending; a process may have none.

    >>> shared_out([5, 9, 4, 4], [None] * 4, 2)
    [[1, 3], [0, 2]]
    """
    members: dict[Hashable, list[int]] = {}
    for place, group in enumerate(groups):
        members.setdefault(("alone", place) if group is None else group, []).append(place)
    units = sorted(members.values(), key=lambda unit: -sum(tokens[place] for place in unit))
    shares: list[list[int]] = [[] for _ in range(processes)]
    loads = [0] * processes
    for unit in units:
        least = loads.index(min(loads))
        shares[least] += unit
        loads[least] += sum(tokens[place] for place in unit)
    return [sorted(share) for share in shares]


def _first_of_batches(sizes: Sequence[int], batch_size: int) -> list[int]:
    """Where a new batch begins when parts of these sizes are put one after the other as long as they fit."""
    starts, room = [], 0
    for index, size in enumerate(sizes):
        if size > room:
            starts.append(index)
            room = batch_size
        room -= size
    return starts
