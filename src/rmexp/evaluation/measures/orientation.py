"""Pairs with the preferred response first, whatever the label says, and without the pairs that have none.

Shapes: N pairs, M of them with a preference.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmexp.metrics.preferred_side import is_tie, preferred_side


def pair_scores(scores: ArrayLike, name: str = "scores") -> NDArray[np.float32]:
    """(N, 2) float32, the precision in which scores are compared.

    Raises:
        ValueError: another shape, or a score that is not finite.
    """
    values = np.asarray(scores, dtype=np.float32)
    if values.ndim != 2 or values.shape[1] != 2:
        raise ValueError(f"`{name}` must have the shape (pairs, 2), got {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"`{name}` must be finite, got {values[~np.isfinite(values)][0]}")
    return values


def preferred_first(values: NDArray[Any], target: ArrayLike) -> NDArray[Any]:
    """(M, 2): the preferred response first, pairs labelled a tie left out.

    Raises:
        ValueError: not one target a pair.
    """
    labels = np.asarray(target)
    if labels.shape != (len(values),):
        raise ValueError(f"`target` must hold one number for each of {len(values)} pairs, got shape {labels.shape}")
    swapped: NDArray[Any] = np.where(preferred_side(labels)[:, None], values[:, ::-1], values)
    kept: NDArray[Any] = swapped[~is_tie(labels)]
    return kept


def order(pairs: NDArray[Any]) -> NDArray[np.int8]:
    """(M,): 1 where the first column is higher, -1 where the second is, 0 where they are equal."""
    # compared, not subtracted: the difference of two small numbers is 0 where denormals are flushed
    return (pairs[:, 0] > pairs[:, 1]).astype(np.int8) - (pairs[:, 0] < pairs[:, 1]).astype(np.int8)
