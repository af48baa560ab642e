"""The numbers of one scorer on a test set, and the one precision in which they are compared.

Shapes: N records, K responses of the longest list, 2 of pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rmexp.evaluation.test_set import TestSet, padded


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no single truth value
class Scores:
    """One column: what a scorer, or a rule, gives to the responses of each record.

    Attributes:
        values: (N, K) in the order of the responses; NaN where there is no score, or no response.
        log_odds: whether the difference of two of them is a log-odds; others have no figures of probabilities.
        rule: whether it stands beside the scorers as a rule that knows nothing of content.
    """

    values: NDArray[np.float64]
    log_odds: bool
    rule: bool = False

    @property
    def margin(self) -> NDArray[np.float64]:
        """(N,) first score minus second, each rounded as it is compared, in double precision; NaN where one lacks."""
        rounded = self.values.astype(np.float32).astype(np.float64)
        difference: NDArray[np.float64] = rounded[:, 0] - rounded[:, 1]
        return difference


def scores_of(
    rows: Sequence[Sequence[float | None]], *, log_odds: bool, rule: bool = False, responses: int = 2
) -> Scores:
    """A column of what a scorer gave record by record.

    Args:
        rows: of each record, a score for each response; None, or no score at all, where there is none.
        log_odds: see `Scores`.
        rule: see `Scores`.
        responses: of the longest record.

    >>> scores_of([[1.0, 0.5], []], log_odds=True).margin.tolist()
    [0.5, nan]
    """
    return Scores(padded(rows, responses), log_odds, rule)


def checked(test: TestSet, name: str, scores: Scores) -> Scores:
    """Scores that fit the test set.

    Raises:
        ValueError: there are not as many as records or responses, or one is infinite.
    """
    shape, what = scores.values.shape, "pairs" if test.gold is None else "lists"
    if len(shape) != 2 or shape[0] != len(test.records):
        raise ValueError(f"expected scores of {len(test.records)} {what} by {name}, got {shape[0]}")
    if shape[1] != test.responses:
        raise ValueError(f"expected {test.responses} scores of each of the {what} by {name}, got {shape[1]}")
    if (np.abs(scores.values) > np.finfo(np.float32).max).any():
        raise ValueError(f"scores must be finite in single precision, but one by {name} is not")
    return scores
