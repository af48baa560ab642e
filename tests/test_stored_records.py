import errno
import json
import multiprocessing
import pickle
import tempfile

import numpy as np
import pytest

from rmexp import record_file
from rmexp.dialogue import Dialogue, Turns
from rmexp.records import Candidates, Message, Preference
from rmexp.stored_records import stored, texts_digest

TURNS = (Message("system", "s"), Message("user", "é🙂"), Message("assistant", "", '{"tool_calls": []}'))
RECORDS = (
    Preference("p", "a", "b", 0.25, margin=-1.5, id="x", meta={"b": [1, 2.0, None], "a": {"c": "🙂"}}),
    Preference(TURNS, "a", Turns(TURNS), id="turns"),
    Preference(Dialogue(TURNS, "[1]", '{"x": 1}'), "a", "b"),
    Candidates("p", ("a", "b", "c"), gold=(1.0, 2, 3.5), meta={"labels": ["x", "y", "z"]}),
    *(Preference(f"{number}?", "yes", "no" * number) for number in range(1, 40)),
)


@pytest.fixture(params=["held", "in a file"])
def found(request, monkeypatch):
    if request.param == "in a file":
        monkeypatch.setattr(record_file, "HELD", 500)  # so that some are there and some are still held
    return stored(iter(RECORDS))


def test_records_are_what_they_were(found):
    assert found == RECORDS
    assert RECORDS.__eq__(found) is NotImplemented  # so that ours is asked
    assert list(found) == list(RECORDS)
    assert [found[place] for place in range(len(found))] == list(RECORDS)
    assert found[-1] == RECORDS[-1]
    assert found[1].rejected.turns == TURNS
    assert list(found[0].meta) == ["b", "a"]
    assert isinstance(found[3].gold[1], int)
    with pytest.raises(IndexError):
        found[len(found)]


def test_some_of_them_are_read_alone(found):
    assert found[2:9:3] == RECORDS[2:9:3]
    assert found.of([4, 0, 4]) == [RECORDS[4], RECORDS[0], RECORDS[4]]
    assert found.of(np.arange(len(found)) < 2) == RECORDS[:2]
    assert found.of([]) == []
    assert found[:5].of([1])[0] == RECORDS[1]


def test_others_are_told_apart(found):
    assert found != RECORDS[:-1]
    assert found != (*RECORDS[:-1], Preference("p", "c", "d"))
    assert found[1:] != found[:-1]
    assert found != "text"


def test_stored_records_are_not_stored_again(found):
    assert stored(found) is found
    assert stored(found[1:]).file is found.file


def test_other_processes_have_them_too(found):
    assert pickle.loads(pickle.dumps(found)) == RECORDS
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(found.__getitem__, range(len(found))) == list(RECORDS)


def test_texts_have_a_digest_that_tells_turns_from_their_text():
    turns, written = RECORDS[1], json.dumps([turn.to_json() for turn in TURNS])
    others = (("p", "a", "bc"), ("pa", "b", "c"), ("p", "bc", "a"), (written, "a", "bc"), (TURNS, "a", "bc"))
    pairs = [Candidates(prompt, responses) for prompt, *responses in others]
    assert len({texts_digest([pair]) for pair in (*pairs, turns)}) == 6
    assert texts_digest([Preference("p", "a", "bc", 0.5, id="x")]) == texts_digest(pairs[:1])


def test_the_file_has_no_name(monkeypatch, tmp_path):
    monkeypatch.setattr(record_file, "HELD", 10)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert stored(RECORDS) == RECORDS
    assert not list(tmp_path.iterdir())


def test_a_full_temporary_folder_is_named(monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(record_file, "HELD", 0)
    monkeypatch.setattr(record_file.tempfile, "TemporaryFile", full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        record_file.RecordFile().add(Preference("p", "a", "b"))
    assert caught.value.filename == tempfile.gettempdir()
