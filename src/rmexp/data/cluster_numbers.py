"""Numbers of what belongs together."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def cluster_numbers(keys: NDArray[Any]) -> NDArray[np.int64]:
    """(N,) numbers from 0, in the order in which (N,) keys first occur.

    >>> cluster_numbers(np.array([7, 3, 7, 1])).tolist()
    [0, 1, 0, 2]
    """
    _, first, cluster = np.unique(keys, return_index=True, return_inverse=True)
    numbers = np.empty(len(first), np.int64)
    numbers[np.argsort(first)] = np.arange(len(first))
    found: NDArray[np.int64] = numbers[cluster]
    return found
