"""The one rule for ties, for numpy arrays and torch tensors alike; importing this file imports neither."""

from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from rmexp.metrics.preferred_side import is_tie, preferred_side

if TYPE_CHECKING:
    import numpy as np
    import torch

    Values = TypeVar("Values", np.ndarray[Any, Any], torch.Tensor)
else:
    Values = TypeVar("Values")


class PairCredit(NamedTuple, Generic[Values]):
    """What each pair counts for; accuracy is `credit.sum() / weight.sum()`.

    Attributes:
        credit: (N,) 0, 0.5 or 1.
        weight: (N,) 0 where the label is a tie, else 1.
        tie: (N,) 1 where the scores are equal though the label is no tie, else 0.
    """

    credit: Values
    weight: Values
    tie: Values


def credit_of(better: float, other: float) -> float:
    """What one pair counts for by the scores of the side that its label prefers and of the other: 0, 0.5 or 1.

    >>> credit_of(2.0, 1.0), credit_of(1.0, 1.0), credit_of(float("nan"), 1.0)
    (1.0, 0.5, 0.0)
    """
    return (better > other) + 0.5 * (better == other)


def pair_credit(chosen: Values, rejected: Values, target: Values) -> PairCredit[Values]:
    """Credit for ordering each pair as its label does: 1 in the right order, 0.5 for equal scores, else 0.

    Scores are compared as they come. The caller casts both to float32, so that the same scores give the same
    accuracy whatever precision a model computed them in. A score that is not a number earns nothing.

    Args:
        chosen: (N,) scores of the responses listed first.
        rejected: (N,) scores of the responses listed second.
        target: (N,) probability that the first is the better one: above 0.5 the first should score higher, below
            0.5 the second; a pair at 0.5 is labelled a tie and counts for nothing.

    >>> import numpy as np
    >>> scores = np.array([2.0, 1.0, 1.0, 3.0], dtype=np.float32)
    >>> pair_credit(scores, np.float32([1.0, 1.0, 2.0, 0.0]), np.array([1.0, 1.0, 0.0, 0.5]))
    PairCredit(credit=array([1. , 0.5, 1. , 0. ]), weight=array([1., 1., 1., 0.]), tie=array([0., 1., 0., 0.]))
    """
    second, labelled = preferred_side(target) == 1, ~is_tie(target)
    right = labelled & ((second & (chosen < rejected)) | (~second & (chosen > rejected)))
    tie = labelled & (chosen == rejected)
    return PairCredit(right * 1.0 + tie * 0.5, labelled * 1.0, tie * 1.0)
