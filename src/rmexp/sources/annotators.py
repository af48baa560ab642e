"""How labels come from the worth of two replies: Bradley-Terry, with ties after Davidson, group by group."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Chances(NamedTuple):
    """What may happen to a pair of replies.

    Attributes:
        first: probability that the reply listed first is preferred.
        tie: probability that neither is.
    """

    first: NDArray[np.float64]
    tie: NDArray[np.float64]

    @property
    def preferred(self) -> NDArray[np.float64]:
        """Probability that the first is preferred, a tie counting one half."""
        return self.first + self.tie / 2


@dataclass(frozen=True, slots=True, eq=False)
class Annotators:
    """G groups of annotators.

    Attributes:
        temperatures: (G, 1) worth that makes the log-odds 1.
        length_bias: worth of each further sentence to them, though not to the gold reward.
        ties: Davidson's nu; equally good replies tie with probability nu / (2 + nu).
    """

    temperatures: NDArray[np.float64]
    length_bias: float
    ties: float

    def chances(self, worth_difference: NDArray[np.float64], further_sentences: int) -> Chances:
        """Of each group under each tone.

        Args:
            worth_difference: (G, T) worth of the first reply minus that of the second.
            further_sentences: sentences of the first reply minus those of the second.
        """
        return davidson((worth_difference + self.length_bias * further_sentences) / self.temperatures, self.ties)


def annotators(
    *, temperature: float, group_temperatures: Sequence[float], length_bias: float, ties: float
) -> Annotators:
    """Make annotators of the keys of the configuration.

    Raises:
        ValueError: a number is out of range.
    """
    for key, value in (("temperature", temperature), *(("group_temperatures", value) for value in group_temperatures)):
        if not 0 < value < math.inf:
            raise ValueError(f"`{key}` must be a finite number above 0, got {value} (set data.{key})")
    if not 0 <= ties < math.inf:
        raise ValueError(f"`ties` must be a finite number of at least 0, got {ties} (set data.ties)")
    if not math.isfinite(length_bias):
        raise ValueError(f"`length_bias` must be a finite number, got {length_bias} (set data.length_bias)")
    return Annotators(np.array([group_temperatures or [temperature]]).T, length_bias, ties)


def davidson(log_odds: NDArray[np.float64], ties: float) -> Chances:
    """The Davidson model; where ties are off, and among the pairs that do not tie, it is that of Bradley and Terry.

    Args:
        log_odds: of the first against the second where there is no tie.
        ties: nu, at least 0.

    Source: Davidson 1970, "On extending the Bradley-Terry model to accommodate ties in paired comparison experiments",
        with merits exp(worth / temperature).

    >>> first, tie = davidson(np.array([0.0, np.log(4)]), 0.5)
    >>> first.round(3).tolist(), tie.round(3).tolist()
    ([0.4, 0.667], [0.2, 0.167])
    """
    half = np.exp(-np.abs(log_odds) / 2)  # of the worse side against nu; never overflows
    total = 1 + half * half + ties * half
    better, worse = 1 / total, half * half / total
    return Chances(np.where(log_odds >= 0, better, worse), ties * half / total)
