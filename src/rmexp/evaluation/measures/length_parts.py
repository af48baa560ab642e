"""Parts of a data set in which length cannot, or must not, help."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmexp.metrics.preferred_side import is_tie, preferred_side


def length_parts(characters: ArrayLike, target: ArrayLike) -> dict[str | None, NDArray[np.bool_]]:
    """(N,) which pairs belong to each part; a labelled tie belongs to none but the matched half.

    Args:
        characters: (N, 2) length of the responses listed first and second.
        target: (N,) probability that the first is the better one.

    Returns:
        `length=matched`: the half of the pairs whose responses differ least in length, by their ratio, and all that
        differ no more than those; `length=shorter_chosen`: the preferred response is the shorter one, where "the longer
        one wins" is always wrong; `length=longer_chosen`: likewise the longer one.

    >>> parts = length_parts([[10, 10], [10, 20], [40, 10]], [1.0, 1.0, 1.0])
    >>> {name: part.tolist() for name, part in parts.items()}  # doctest: +NORMALIZE_WHITESPACE
    {'length=matched': [True, True, False], 'length=shorter_chosen': [False, True, False],
     'length=longer_chosen': [False, False, True]}
    """
    lengths, labels = np.asarray(characters, dtype=np.float64), np.asarray(target)
    first, second = np.log(np.maximum(lengths, 1)).T
    apart = np.abs(first - second)
    median = np.sort(apart)[(len(apart) - 1) // 2] if len(apart) else 0.0
    towards = np.where(preferred_side(labels), second - first, first - second)
    decided = ~is_tie(labels)
    return {
        "length=matched": apart <= median,
        "length=shorter_chosen": decided & (towards < 0),
        "length=longer_chosen": decided & (towards > 0),
    }
