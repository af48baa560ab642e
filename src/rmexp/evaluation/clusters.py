"""Pairs that belong together."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rmexp.data.normalised import text_key
from rmexp.data.passes import column
from rmexp.data.split import cluster_numbers, group_key
from rmexp.records import Record
from rmexp.stored_records import StoredRecords


def clusters_of(records: Sequence[Record], group: str | None) -> NDArray[np.int64]:
    """(N,) the number of each record's cluster: its prompt, its responses where the prompt is empty, or its group.

    Of records that lie in a file they are found once.

    Args:
        records: N pairs, or N lists.
        group: field such as `meta.topic`; the prompt when None.

    Raises:
        ValueError: a record does not have the field.
    """
    if isinstance(records, StoredRecords) and group in records.clusters:
        return records.clusters[group]
    keys = column(lambda some: [text_key(group_key(record, group)) for record in some], records, np.uint64)
    found = cluster_numbers(keys)
    if isinstance(records, StoredRecords):
        records.clusters[group] = found
    return found
