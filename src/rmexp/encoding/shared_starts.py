"""Which token sequences share their start, so that it need be computed once."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int64]


class Run(NamedTuple):
    """Neighbours among sorted sequences: `first` up to but not including `end`, with `shared` tokens in common."""

    first: int
    end: int
    shared: int


def common_start(first: Tokens, second: Tokens) -> int:
    """Length of the common start that leaves at least one token to each.

    >>> common_start(np.array([1, 2, 3]), np.array([1, 2])), common_start(np.array([1]), np.array([1]))
    (1, 0)
    """
    longest = min(len(first), len(second)) - 1
    different = np.flatnonzero(first[:longest] != second[:longest])
    return int(different[0]) if len(different) else longest


def runs_of_shared_starts(sequences: Sequence[Tokens]) -> list[Run]:
    """Part sorted sequences into runs of neighbours so that sharing each run's common start saves most tokens.

    Args:
        sequences: token ids, in lexicographic order.

    Returns:
        Runs in order, together all sequences; of equally good ones the shorter.

    >>> texts = [np.array(ids) for ids in ([1, 2, 3, 4], [1, 2, 3, 5], [1, 6], [7])]
    >>> [(run.first, run.end, run.shared) for run in runs_of_shared_starts(texts)]
    [(0, 2, 3), (2, 3, 0), (3, 4, 0)]
    """
    common = [common_start(first, second) for first, second in itertools.pairwise(sequences)]
    count = len(sequences)
    best = np.zeros(count + 1, dtype=np.int64)  # saved by the best parting of the sequences before
    firsts = np.zeros(count + 1, dtype=np.int64)  # of the run that ends there
    shared = np.zeros(count, dtype=np.int64)  # by the sequences from one on
    for end in range(1, count + 1):
        if end > 1:
            shared[end - 2] = common[end - 2]
            np.minimum(shared[: end - 1], common[end - 2], out=shared[: end - 1])
        saved = best[:end] + (end - 1 - np.arange(end)) * shared[:end]
        firsts[end] = end - 1 - saved[::-1].argmax()
        best[end] = saved[firsts[end]]
    runs: list[Run] = []
    end = count
    while end:
        first = int(firsts[end])
        runs.append(Run(first, end, min(common[first : end - 1], default=0)))
        end = first
    return runs[::-1]
