"""What a part of a file comes to, in the words in which one process tells it to another."""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rmexp.lines import Bounds, TooLong
from rmexp.record_file import RecordFile
from rmexp.records import Preference, Record, put
from rmexp.sources.ranges.line_ranges import LineRange, RangeRows
from rmexp.sources.rows import Format, LeftOut, Row, outcomes


class ReadPart(NamedTuple):
    """Of N records, in their order.

    Attributes:
        content: the records as they lie in a file.
        ends: (N,) where each ends in that.
        numbers: (N,) of their lines.
        ids: (N,) hashes of their ids, which differ by run but not by process.
        texts: (N,) see `texts_hash`.
        pairs: (N,) whether each is a pair.
        left_out: how many are left out on request, by the reason.
        rows: how many rows there are.
    """

    content: bytes
    ends: NDArray[np.int64]
    numbers: "array[int]"
    ids: "array[int]"
    texts: "array[int]"
    pairs: "array[int]"
    left_out: Counter[str]
    rows: int


def read_part(part: LineRange, form: Format, encoding: str | None, bounds: Bounds) -> ReadPart | None:
    """What some lines come to; None where there is anything to be told of them."""
    rows, count = RangeRows(part, encoding, bounds).apart(), Counter[str]()
    if rows is None:
        return None
    file, left_out = RecordFile(), Counter[str]()
    numbers, ids, texts, pairs = array("Q"), array("q"), array("q"), array("b")
    try:
        for row, outcome in outcomes(form, _readable(rows, count)):
            if isinstance(outcome, LeftOut):
                left_out[outcome.reason] += 1
            elif isinstance(outcome, Record):
                put(outcome, row.place)
                file.add(outcome)
                numbers.append(row.number)
                ids.append(hash(outcome.id))
                texts.append(texts_hash(outcome))
                pairs.append(isinstance(outcome, Preference))
            else:
                return None
    except TooLong:
        return None
    if count["bad"]:
        return None
    return ReadPart(
        file.content(0, len(file)), file.ends(0, len(file)), numbers, ids, texts, pairs, left_out, count["rows"]
    )


def texts_hash(record: Record) -> int:
    """A hash of prompt and responses, which differs by run but not by process."""
    return hash((record.prompt, record.responses))


def _readable(rows: Iterable[Row], count: Counter[str]) -> Iterator[Row]:
    for row in rows:
        count["rows"] += 1
        if row.error is None:
            yield row
        else:
            count["bad"] += 1
