import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from rmexp.data.described import fingerprint
from rmexp.data.passes import column, passed
from rmexp.dialogue import Message
from rmexp.records import Candidates, Preference
from rmexp.stored_records import labels_of, stored, texts_digest

PAIRS = [
    Preference(f"{number // 2}?", f"é{number}", "no", number % 3 / 2, number or None, meta={"n": number})
    for number in range(300)
]
LISTS = [Candidates((Message("user", f"{number}"),), ("a", f"b{number}")) for number in range(70)]


@pytest.fixture(params=["here", "side by side"])
def way(request, monkeypatch):
    """Passes in this process, and in two that are forked off it; how often these were asked for."""
    asked = []
    if request.param == "side by side":
        monkeypatch.setattr("rmexp.data.passes.SEVERAL", 50)
        monkeypatch.setattr("rmexp.hardware.side_by_side.processors", lambda: asked.append(1) or 2)
    monkeypatch.setattr("rmexp.data.passes.PART", 16)
    return asked


def test_a_fingerprint_sees_content_and_order_but_not_the_kind_of_sequence():
    records = [Preference(f"p{i}", "c", "r") for i in range(3)]
    same = [Preference(f"p{i}", "c", "r") for i in range(3)]
    assert fingerprint(records) == fingerprint(tuple(same))
    changed = [replace(records[0], target=0.5), *records[1:]]
    assert len({fingerprint(data) for data in (records, records[::-1], records[:2], changed)}) == 4


def test_one_pass_tells_all(way):
    rows = [*PAIRS, *LISTS]
    content = "".join(json.dumps(row.to_row(), sort_keys=True, ensure_ascii=False) + "\n" for row in rows)
    pairs, lists, digests = stored(PAIRS), stored(LISTS), [texts_digest(PAIRS), texts_digest(LISTS)]
    assert fingerprint(pairs, lists) == hashlib.sha256(content.encode()).hexdigest()[:16]
    assert [pairs.texts, lists.texts] == digests
    assert lists.labels is None
    for mine, theirs in zip(pairs.labels, labels_of(PAIRS), strict=True):
        assert mine.tobytes() == theirs.tobytes()
    assert len(way) in (0, 2)


def test_a_pass_tells_each_record_once_in_its_order(way):
    found = [record for part in passed(list, stored(PAIRS)) for record in part]
    assert found == PAIRS
    margins = column(lambda some: [record.margin or 0 for record in some], stored(PAIRS).of(np.arange(90)), np.float64)
    assert margins.tolist() == [*range(90)]
    assert column(len, stored(PAIRS[:0]), np.int64).tolist() == []
