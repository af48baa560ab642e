"""How much a scorer tells about preferences, in bits: what its predictions are better than a coin by."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def pair_nll(margin: ArrayLike, target: ArrayLike) -> NDArray[np.float64]:
    """(N,) cross-entropy of each pair's label under sigmoid(margin), in nats; ln 2 where the margin is 0.

    Args:
        margin: (N,) score of the response listed first minus that of the second.
        target: (N,) probability in [0, 1] that the first is the better one.

    >>> pair_nll([0.0, 100.0, -100.0], [1.0, 1.0, 1.0]).round(3).tolist()
    [0.693, 0.0, 100.0]
    """
    margins, targets = np.asarray(margin, dtype=np.float64), np.asarray(target, dtype=np.float64)
    result: NDArray[Any] = np.logaddexp(0.0, -margins) * targets + np.logaddexp(0.0, margins) * (1 - targets)
    return result


def usable_bits(margin: ArrayLike, target: ArrayLike) -> NDArray[np.float64]:
    """(N,) usable information of each pair, in bits, at most 1: 1 minus its cross-entropy to the base 2.

    The mean over held-out pairs estimates the predictive V-information that the scorer's family has about the labels:
    0 is a coin, 1 is certainty; below 0 the scorer is worse than not looking, as an overconfident one can be. A pair
    far below 0 contradicts what the scorer has learnt: hard, or mislabelled.

    Args:
        margin: (N,) score of the response listed first minus that of the second.
        target: (N,) probability in [0, 1] that the first is the better one.

    Source: Ethayarajh et al. 2022, "Understanding dataset difficulty with V-usable information", definitions 1 and 2; a
    model that sees no input gives each side of a pair one half, which is one bit.

    >>> usable_bits([0.0, 100.0, -1.0], [1.0, 1.0, 0.0]).round(3).tolist()
    [0.0, 1.0, 0.548]
    """
    bits: NDArray[np.float64] = 1 - pair_nll(margin, target) / np.log(2)
    return bits
