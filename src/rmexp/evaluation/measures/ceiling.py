"""How good a model of preferences can be at best, for data whose true probabilities are known.

Shapes: N pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmexp.metrics.preferred_side import is_tie
from rmexp.records import Preference


class Truth(NamedTuple):
    """What is known of pairs.

    Attributes:
        probability: (N,) that the response listed first is preferred, a tie counting one half.
        tie: (N,) probability that the label is a tie.
    """

    probability: NDArray[np.float64]
    tie: NDArray[np.float64]

    def of(self, kept: NDArray[np.bool_]) -> "Truth":
        """What is known of some of the pairs."""
        return Truth(self.probability[kept], self.tie[kept])

    @property
    def without_ties(self) -> NDArray[np.float64]:
        """(N,) probability that the first is preferred where the label is no tie; one half where it always is."""
        decided = 1 - self.tie
        first = self.probability - self.tie / 2
        result: NDArray[np.float64] = np.divide(first, decided, out=np.full_like(first, 0.5), where=decided > 0)
        return result


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The best that can be expected of any model.

    Attributes:
        n: pairs.
        bayes_accuracy: expected share of pairs without a label tie that the true probabilities order as the label
            does; None where every label is a tie.
        bayes_nll: least expected cross-entropy per pair, in nats: the mean entropy of the true probabilities, where a
            tie is a label of one half.
    """

    n: int
    bayes_accuracy: float | None
    bayes_nll: float


def truth_of(records: Sequence[Preference]) -> Truth | None:
    """What `meta.true_probability`, and `meta.tie_probability` where there is one, say; None unless all pairs know it.

    Raises:
        ValueError: a probability is not in [0, 1], or one of a tie is larger than what it is part of.
    """
    if not records or not all("true_probability" in record.meta for record in records):
        return None
    known = [(record.meta["true_probability"], record.meta.get("tie_probability", 0.0)) for record in records]
    probability, tie = np.array(known, dtype=np.float64).T
    wrong = ~((tie >= 0) & (tie / 2 <= probability + 1e-6) & (probability <= 1 - tie / 2 + 1e-6))
    if wrong.any():
        index = int(wrong.argmax())
        raise ValueError(
            f"record {records[index].id}: expected a meta.true_probability in [0, 1] that holds half of "
            f"meta.tie_probability, got {probability[index]} and {tie[index]}"
        )
    return Truth(probability, tie)


def known_truth(records: Sequence[Preference], known: NDArray[np.bool_]) -> Truth | None:
    """What records say of themselves, NaN where one says nothing; None where none does.

    Args:
        records: N pairs.
        known: (N,) which of them have a `meta.true_probability`.

    Raises:
        ValueError: see `truth_of`.
    """
    found = truth_of([*compress(records, known.tolist())]) if known.any() else None
    if found is None:
        return None
    truth = Truth(*(np.full(len(records), np.nan) for _ in Truth._fields))
    for whole, part in zip(truth, found, strict=True):
        whole[known] = part
    return truth


def ceiling(truth: Truth, target: ArrayLike | None = None) -> Ceiling:
    """Bayes accuracy and Bayes log-loss.

    Args:
        truth: of N > 0 pairs.
        target: (N,) labels as they were drawn; with them a pair counts for the accuracy when its label is no tie, as
            in every accuracy, else as much as it is likely to be none.

    >>> ceiling(Truth(np.array([0.9, 0.4]), np.array([0.0, 0.0])))
    Ceiling(n=2, bayes_accuracy=0.75, bayes_nll=0.499...)
    """
    first = truth.without_ties
    weight = 1 - truth.tie if target is None else (~is_tie(np.asarray(target))).astype(np.float64)
    accuracy = weighted_mean(np.maximum(first, 1 - first), weight)
    return Ceiling(len(first), accuracy, float(binary_entropy(truth.probability).mean()))


def binary_entropy(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of a coin that falls so, in nats."""
    sides = np.stack([probability, 1 - probability])
    logs = np.log(sides, out=np.zeros_like(sides), where=sides > 0)
    result: NDArray[np.float64] = -(sides * logs).sum(axis=0)
    return result


def weighted_mean(values: NDArray[np.float64], weight: NDArray[np.float64]) -> float | None:
    """None where all weights are 0."""
    total = float(weight.sum())
    return float((values * weight).sum()) / total if total else None
