"""Records that belong together, and the numbers of what does."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.data.normalised import known_by, text_key
from rmexp.data.passes import column
from rmexp.data.record_field import record_field
from rmexp.records import Record
from rmexp.stored_records import StoredRecords


def clusters_of(records: Sequence[Record], group: str | None, key: str = "data.group") -> NDArray[np.int64]:
    """(N,) the number of each record's cluster: its prompt, its responses where the prompt is empty, or its group.

    Of records that lie in a file they are found once.

    Args:
        records: N pairs, or N lists.
        group: field such as `meta.topic`; the prompt when None.
        key: of the configuration that names the field, for messages.

    Raises:
        ValueError: a record does not have the field.
    """
    if isinstance(records, StoredRecords) and group in records.clusters:
        return records.clusters[group]
    keys = column(lambda some: [text_key(group_key(record, group, key)) for record in some], records, np.uint64)
    found = cluster_numbers(keys)
    if isinstance(records, StoredRecords):
        records.clusters[group] = found
    return found


def group_key(record: Record, group: str | None, key: str = "data.group") -> str:
    """What keeps a record together with others in one split: its prompt, or the value of a field such as `meta.topic`.

    Where the prompt is empty it is the responses, in any order.

    Raises:
        ValueError: the record does not have the field.
    """
    return known_by(record) if group is None else str(record_field(record, group, key))


def cluster_numbers(keys: NDArray[Any]) -> NDArray[np.int64]:
    """(N,) numbers from 0, in the order in which (N,) keys first occur.

    >>> cluster_numbers(np.array([7, 3, 7, 1])).tolist()
    [0, 1, 0, 2]
    """
    _, first, cluster = np.unique(keys, return_index=True, return_inverse=True)
    numbers = np.empty(len(first), np.int64)
    numbers[np.argsort(first)] = np.arange(len(first))
    found: NDArray[np.int64] = numbers[cluster]
    return found
