"""Keys of what records are known by: two of the same text, or of texts that differ in writing alone, have the same."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rmexp.data.normalised import known_by, normalised, text_key
from rmexp.data.passes import column
from rmexp.records import Record
from rmexp.stored_records import StoredRecords


def keys_of(records: Sequence[Record]) -> NDArray[np.uint64]:
    """(N, 2) of the text that each is known by, and of that made alike; of records in a file they are found once."""
    if isinstance(records, StoredRecords) and records.keys is not None:
        return records.keys
    found = column(lambda some: [text_keys(known_by(record)) for record in some], records, np.uint64, 2)
    if isinstance(records, StoredRecords):
        records.keys = found
    return found


def text_keys(text: str) -> tuple[int, int]:
    """Both of a text."""
    return text_key(text), text_key(normalised(text))
