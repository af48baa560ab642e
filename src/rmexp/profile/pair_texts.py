"""The texts of many pairs, each distinct one once: numbered, and read again whenever somebody goes over them.

Shapes: N pairs, U distinct texts.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.data.normalised import text_key
from rmexp.metrics.preferred_side import preferred_side
from rmexp.records import Preference, prompt_text
from rmexp.stored_records import labels_of

Indices = NDArray[np.int64]


class DistinctTexts:
    """Texts of pairs, in the order in which they first occur.

    Args:
        records: N pairs.
        first: (3N,) which of their prompts, first and second responses, by turns, are met for the first time.
    """

    def __init__(self, records: Sequence[Preference], first: NDArray[np.bool_]) -> None:
        self.records, self.first = records, first

    def __iter__(self) -> Iterator[str]:
        return compress(_texts(self.records), self.first.tolist())

    def __len__(self) -> int:
        return int(self.first.sum())


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no single truth value
class PairTexts:
    """Prompts and responses of pairs.

    Attributes:
        texts: U distinct ones.
        prompt: (N,) index of each pair's prompt.
        chosen: (N,) index of the response listed first.
        rejected: (N,) index of the other.
        target: (N,) probability that the first is the better one.
    """

    texts: DistinctTexts
    prompt: Indices
    chosen: Indices
    rejected: Indices
    target: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.target)

    @property
    def preferred(self) -> Indices:
        """(N,) index of the response that the label prefers; the first one of a tie."""
        return np.where(preferred_side(self.target), self.rejected, self.chosen)

    @property
    def other(self) -> Indices:
        """(N,) index of the other response."""
        return np.where(preferred_side(self.target), self.chosen, self.rejected)

    def each(self, measure: Callable[[str], float]) -> NDArray[np.float64]:
        """(U,) a number for each text."""
        return np.fromiter(map(measure, self.texts), dtype=np.float64, count=len(self.texts))

    def sides(self, values: NDArray[Any]) -> NDArray[Any]:
        """(N, 2) the values of the responses listed first and second.

        Args:
            values: (U,) one a text.
        """
        return np.stack([values[self.chosen], values[self.rejected]], axis=1)


def pair_texts(records: Sequence[Preference]) -> PairTexts:
    """The texts of records; two of one key are one text."""
    keys = np.fromiter(map(text_key, _texts(records)), np.uint64, 3 * len(records))
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    number = np.empty(len(first), np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    prompt, chosen, rejected = number[inverse].reshape(-1, 3).T.copy()
    met = np.zeros(len(keys), bool)
    met[first] = True
    return PairTexts(DistinctTexts(records, met), prompt, chosen, rejected, labels_of(records).target)


def _texts(records: Sequence[Preference]) -> Iterator[str]:
    for record in records:
        yield prompt_text(record.prompt)
        yield from record.responses
