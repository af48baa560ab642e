"""A compressed copy has the records that were copied, and nothing that others put there is made of it."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from rmexp import record_file
from rmexp.checked_arrays import Damaged
from rmexp.data.kept import copy
from rmexp.data.kept.copy import KeptCopy, keep_copy, load
from rmexp.dialogue import Dialogue, Turns
from rmexp.records import Candidates, Message, Preference
from rmexp.stored_records import StoredRecords, stored

TURNS = (Message("system", "s"), Message("user", "é🙂"), Message("assistant", "", '{"tool_calls": []}'))
RECORDS = (
    Preference("p", "a", "b", 0.25, margin=-1.5, id="x", meta={"b": [1, None], "a": {"c": "🙂"}}, place="f:3"),
    Preference(Dialogue(TURNS, "[1]", '{"x": 1}'), "a", Turns(TURNS)),
    Candidates("p", ("a", "b", "c"), gold=(1.0, 2, 3.5)),
    *(Preference(f"{number}?", "yes " * 50, "no" * number) for number in range(1, 40)),
)


@pytest.fixture(params=[100, 5])
def copied(request, monkeypatch, tmp_path):
    monkeypatch.setattr(record_file, "HELD", 500)
    monkeypatch.setattr(copy, "NEIGHBOURS", request.param)
    original = stored(RECORDS).file
    name, ends = keep_copy(original, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert ends[-1] == (tmp_path / name).stat().st_size < len(original.content(0, len(original))) / 2
    return KeptCopy(tmp_path / name, len(original), ends)


def test_records_are_what_they_were_whatever_is_read(copied):
    found = StoredRecords(copied, np.arange(len(copied)))
    assert found == RECORDS
    assert found[0].place == "f:3"
    assert [found[place] for place in (41, 0, 7, 6)] == [RECORDS[place] for place in (41, 0, 7, 6)]
    assert list(found[3:18]) == list(RECORDS[3:18])


def test_a_damaged_copy_is_removed(tmp_path):
    name, ends = keep_copy(stored(RECORDS).file, tmp_path)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-1])
    with pytest.raises(Damaged, match=f"{name} is damaged"):
        KeptCopy(tmp_path / name, len(RECORDS), ends)
    assert not list(tmp_path.iterdir())


def test_nothing_but_records_is_made():
    for content in (pickle.dumps(Path("x")), pickle.dumps(print)):
        with pytest.raises(pickle.UnpicklingError, match="expected records"):
            load(memoryview(content))
    assert load(memoryview(pickle.dumps(("a", 1, None)))) == ("a", 1, None)
