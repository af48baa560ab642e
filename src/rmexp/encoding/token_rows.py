"""Rows of token ids, one behind the other in one array: what is done to all of them is done at once.

Shape legend: `N` rows, `T` tokens of all.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class TokenRows(NamedTuple):
    """N rows.

    Attributes:
        ids: (T,) of all.
        ends: (N + 1,) int64, 0 and where each of them ends.
    """

    ids: NDArray[Any]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> "TokenRows":
        """Rows of lists.

        >>> TokenRows.of([[1, 2], [], [3]]).lists()
        [[1, 2], [], [3]]
        """
        ends = ends_of(map(len, rows), len(rows))
        return cls(np.fromiter(chain.from_iterable(rows), np.uint32, int(ends[-1])), ends)

    def lists(self) -> list[list[int]]:
        """The rows as lists."""
        ids, ends = self.ids.tolist(), self.ends.tolist()
        return [ids[start:end] for start, end in pairwise(ends)]

    def behind_first(self) -> "TokenRows":
        """Each without its first token.

        >>> TokenRows.of([[1, 2], [3]]).behind_first().lists()
        [[2], []]
        """
        return TokenRows(np.delete(self.ids, self.ends[:-1]), self.ends - np.arange(len(self.ends)))

    def beginning_with(self, token: int) -> "TokenRows":
        """Each with a token in front, where it does not begin with that.

        >>> TokenRows.of([[1, 2], [], [3]]).beginning_with(1).lists()
        [[1, 2], [1], [1, 3]]
        """
        starts, without = self.ends[:-1], np.diff(self.ends) == 0
        without[~without] = self.ids[starts[~without]] != token
        ends = self.ends + np.concatenate([[0], np.cumsum(without)])
        return TokenRows(np.insert(self.ids, starts[without], token), ends)

    def ending_in(self, token: int) -> "TokenRows":
        """Each with a token at its end.

        >>> TokenRows.of([[1, 2], [], [3]]).ending_in(9).lists()
        [[1, 2, 9], [9], [3, 9]]
        """
        return TokenRows(np.insert(self.ids, self.ends[1:], token), self.ends + np.arange(len(self.ends)))


def ends_of(lengths: Iterable[int], count: int) -> NDArray[np.int64]:
    """(N + 1,) 0 and where each of N rows ends that have these lengths."""
    ends = np.zeros(count + 1, np.int64)
    np.cumsum(np.fromiter(lengths, np.int64, count), out=ends[1:])
    return ends


def end_to_end(rows: Iterable[TokenRows], kind: type[np.unsignedinteger[Any]]) -> TokenRows:
    """All rows, with ids of a kind.

    Raises:
        OverflowError: an id is greater than those of the kind.

    >>> end_to_end([TokenRows.of([[1, 2]]), TokenRows.of([[], [3]])], np.uint16).lists()
    [[1, 2], [], [3]]
    """
    most = np.iinfo(kind).max
    ids, lengths = [np.empty(0, kind)], [np.zeros(1, np.int64)]
    for part in rows:
        if part.ids.max(initial=0) > most:
            raise OverflowError(f"token {part.ids.max()} is greater than the largest of the tokenizer's vocabulary")
        ids.append(part.ids.astype(kind))
        lengths.append(np.diff(part.ends))
    return TokenRows(np.concatenate(ids), np.cumsum(np.concatenate(lengths)))
