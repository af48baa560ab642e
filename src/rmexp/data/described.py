"""What is told of records by all that is in them: a fingerprint, a digest of their texts, their labels; in one pass."""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

import numpy as np

from rmexp.data.passes import passed
from rmexp.record_content import row_content, texts_content
from rmexp.records import Preference, Record
from rmexp.stored_records import Labels, StoredRecords, labels_of


class _Told(NamedTuple):
    """Of some records: what their fingerprint and the digest of their texts are of, and labels where all are pairs."""

    rows: bytes
    texts: bytes
    labels: Labels | None


def fingerprint(*sets: Sequence[Record]) -> str:
    """SHA-256 over the content and order of the records of some sets, as 16 hexadecimal digits.

    Records that lie in a file know their `texts_digest` and `labels_of` from then on.
    """
    digest = sha256()
    for records in sets:
        texts, labels = sha256(), list[Labels | None]()
        for part in passed(_told, records):
            digest.update(part.rows)
            texts.update(part.texts)
            labels.append(part.labels)
        if isinstance(records, StoredRecords):
            records.texts = texts.hexdigest()
            if labels and None not in labels:
                records.labels = Labels(*map(np.concatenate, zip(*labels, strict=True)))
    return digest.hexdigest()[:16]


def _told(records: Sequence[Record]) -> _Told:
    some = [*records]
    pairs = [record for record in some if isinstance(record, Preference)]
    labels = labels_of(pairs) if len(pairs) == len(some) else None
    return _Told(b"".join(map(row_content, some)), b"".join(map(texts_content, some)), labels)
