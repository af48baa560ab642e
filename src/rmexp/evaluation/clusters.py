"""Pairs that belong together."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import count

import numpy as np
from numpy.typing import NDArray

from rmexp.data.split import group_key
from rmexp.records import Record


def clusters_of(records: Sequence[Record], group: str | None) -> NDArray[np.int64]:
    """(N,) the number of each record's cluster: its prompt, its responses where the prompt is empty, or its group.

    Args:
        records: N pairs, or N lists.
        group: field such as `meta.topic`; the prompt when None.

    Raises:
        ValueError: a record does not have the field.
    """
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    keys = (group_key(record, group) for record in records)
    return np.fromiter((numbers[key] for key in keys), dtype=np.int64, count=len(records))
