"""The texts of many pairs, each distinct one once, and what is asked of it alone: length and words.

Shapes: N pairs, U distinct texts, V distinct words.
"""

from array import array
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from rmexp.data.normalised import normalised
from rmexp.metrics.preferred_side import preferred_side
from rmexp.records import Preference, prompt_text

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no single truth value
class PairTexts:
    """Prompts and responses of pairs.

    Attributes:
        texts: U distinct texts.
        prompt: (N,) index of each pair's prompt.
        chosen: (N,) index of the response listed first.
        rejected: (N,) index of the other.
        target: (N,) probability that the first is the better one.
    """

    texts: list[str]
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
    """The texts of records, in the order in which they first occur."""
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    rows = [(numbers[prompt_text(r.prompt)], numbers[r.chosen], numbers[r.rejected], r.target) for r in records]
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4)
    prompt, chosen, rejected = columns[:, :3].astype(np.int64).T
    return PairTexts([*numbers], prompt, chosen, rejected, columns[:, 3])


def word_counts(texts: Sequence[str]) -> csr_array:
    """(U, V) how often each word of the normalised texts occurs in each of them."""
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    columns, ends = array("i"), array("q", [0])
    for text in texts:
        columns.extend([numbers[word] for word in normalised(text).split()])
        ends.append(len(columns))
    indices = np.frombuffer(columns, dtype=np.int32) if columns else np.zeros(0, dtype=np.int32)
    ones = np.ones(len(indices), dtype=np.float32)
    counts = csr_array((ones, indices, np.frombuffer(ends, dtype=np.int64)), shape=(len(texts), len(numbers)))
    counts.sum_duplicates()
    return counts
