"""One pass over records: part by part, side by side where they are many and lie in a file."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmexp.hardware.side_by_side import side_by_side
from rmexp.records import Record
from rmexp.stored_records import StoredRecords

R = TypeVar("R", bound=Record)
T = TypeVar("T")
K = TypeVar("K", bound=np.generic)

SEVERAL = 8192  # records that are worth several processes
PART = 1024  # records that one of them looks at at once: more of them, and the others wait for the last


def passed(work: Callable[[Sequence[R]], T], records: Sequence[R]) -> Iterator[T]:
    """What `work` makes of neighbouring records, of all of them in their order.

    Args:
        work: is told each record once, and changes nothing that anybody else looks at.
        records: of which it gets a part at a time.
    """
    parts = [slice(first, first + PART) for first in range(0, len(records), PART)]
    if len(records) < SEVERAL or not isinstance(records, StoredRecords):
        return (work(records[part]) for part in parts)
    return side_by_side(lambda part: work(records[part]), parts)


def column(
    work: Callable[[Sequence[R]], ArrayLike], records: Sequence[R], kind: type[K], width: int | None = None
) -> NDArray[K]:
    """The same as one array of a kind, (N,), or (N, width) where each record has several values."""
    shape = (0,) if width is None else (0, width)
    parts = passed(lambda some: np.asarray(work(some), kind), records)  # an array is quicker to send than numbers
    return np.concatenate([np.empty(shape, kind), *parts])
