"""Of plain JSON lines no record is kept: a second run makes each of its line, alike; other files are copied."""

import gzip
import json
import os

import numpy as np
import pytest

from rmexp import record_file, stored_records
from rmexp.config.compose import compose
from rmexp.data.kept.copy import KeptCopy
from rmexp.data.kept.lines import KeptLines
from rmexp.data.passes import passed
from rmexp.stored_records import StoredRecords
from rmexp.verbs import data as run_data

PAIRS = [
    {"prompt": f"What is {number}?", "chosen": f"é{number}", "rejected": "no", "margin": number, "meta": {"n": number}}
    for number in range(600)
]
SCORES = [[{"response": f"{side}", "fine-grained_score": side, "model": "m"} for side in range(4)] for _ in range(100)]
RATED = [{"instruction": f"Q{number}", "source": "s", "completions": scores} for number, scores in enumerate(SCORES)]
MESSAGES = [
    {"prompt": [{"role": "user", "content": f"{number}"}], "chosen": "a", "rejected": "b"} for number in range(99)
]
LISTS = [{"prompt": f"{number}", "responses": ["a", "b", "c"]} for number in range(60)]
LABELS = [{"prompt": f"{number // 2}", "completion": f"c{number}", "label": bool(number % 2)} for number in range(120)]


def lines(rows, end="\n"):
    return "".join(json.dumps(row, ensure_ascii=False) + end for row in rows).encode()


@pytest.fixture
def read(tmp_path, monkeypatch):
    """What is read of some files, and again, with the store of the second."""
    monkeypatch.setattr(record_file, "HELD", 200)

    def read(files, *overrides, data="jsonl"):
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
        named = ",".join(str(tmp_path / name) for name in files)
        settings = [f"data.path=[{named}]", f"data.cache_dir={tmp_path / 'cache'}", *overrides]
        config = compose("train", [f"data={data}", *settings])
        found = []
        for _ in range(2):
            monkeypatch.setattr(run_data, "_LAST", {})
            found.append(run_data.load_run_data(config.data, config.tests).data)
        return *found, found[1].records.splits["train"].file

    return read


def same(first, second):
    assert second.records == first.records
    assert second._replace(records=None) == first._replace(records=None)
    for name, pairs in first.records.splits.items():
        others = second.records.splits[name]
        assert [pair.place for pair in others] == [pair.place for pair in pairs]
        assert others[len(others) - 1] == pairs[len(pairs) - 1]
        assert others.clusters.keys() == pairs.clusters.keys()
        assert all(np.array_equal(others.clusters[group], pairs.clusters[group]) for group in pairs.clusters)
    return True


@pytest.mark.parametrize(
    ("files", "overrides"),
    [
        ({"a.jsonl": lines(PAIRS)}, ["data/format=columns"]),
        ({"a.jsonl": lines(PAIRS)[:-1]}, ["data/format=columns"]),
        ({"a.jsonl": b"\xef\xbb\xbf" + lines(PAIRS, "\r\n\r\n")}, ["data/format=columns"]),
        ({"a.jsonl": lines(PAIRS[:7]), "b.jsonl": lines(PAIRS[7:])}, ["data/format=columns", "data.leaks=drop"]),
        ({"a.json": lines(PAIRS)}, ["data/format=columns"]),
        ({"a.jsonl": lines(MESSAGES)}, ["data/format=messages"]),
    ],
)
def test_lines_are_read_again(read, tmp_path, files, overrides):
    first, second, store = read(files, *overrides)
    assert same(first, second)
    assert isinstance(store, KeptLines)
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".index"]


@pytest.mark.parametrize(
    ("files", "overrides", "data"),
    [
        ({"a.jsonl": lines(PAIRS) + b"{}\n"}, ["data/format=columns", "data.on_bad_row=skip"], "jsonl"),
        ({"a.jsonl.gz": gzip.compress(lines(PAIRS))}, ["data/format=columns"], "jsonl"),
        ({"a.jsonl": lines(PAIRS).decode().encode("utf-16")}, ["data/format=columns", "data.encoding=utf-16"], "jsonl"),
        ({"a.json": json.dumps(PAIRS).encode()}, ["data/format=columns"], "json"),
        ({"a.jsonl": lines(RATED)}, ["data/format=ultrafeedback"], "jsonl"),
        ({"a.jsonl": lines(LISTS)}, ["data/format=ranked"], "jsonl"),
        ({"a.jsonl": lines(LABELS)}, ["data/format=unpaired"], "jsonl"),
        ({"a.jsonl": lines(PAIRS)}, ["data/format=columns", "data.label_noise=0.1"], "jsonl"),
        ({"a.csv": b"prompt,chosen,rejected\n" + b"".join(b"q%d,a,b\n" % n for n in range(99))}, [], "csv"),
    ],
)
def test_what_is_no_line_by_itself_is_copied(read, tmp_path, files, overrides, data):
    first, second, store = read(files, *overrides, data=data)
    assert same(first, second)
    assert isinstance(store, KeptCopy)
    assert {path.suffix for path in (tmp_path / "cache").iterdir()} == {".index", ".records"}


def test_a_file_that_changes_while_its_lines_are_looked_at_is_told(read, tmp_path):
    _, second, _ = read({"a.jsonl": lines(PAIRS)}, "data/format=columns")
    pairs = second.records.splits["train"]
    assert pairs[0].prompt
    path = tmp_path / "a.jsonl"
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(ValueError, match=r"a\.jsonl has changed while it was being used"):
        list(pairs)


def test_another_file_in_its_place_changes_nothing_of_a_run_that_is_on(read, tmp_path):
    first, second, _ = read({"a.jsonl": lines(PAIRS)}, "data/format=columns")
    (tmp_path / "b.jsonl").write_bytes(lines(PAIRS[:3]))
    os.replace(tmp_path / "b.jsonl", tmp_path / "a.jsonl")
    assert same(first, second)


def test_a_line_is_looked_at_once(read, monkeypatch):
    _, second, _ = read({"a.jsonl": lines(PAIRS)}, "data/format=columns")
    train, val = (second.records.splits[name] for name in ("train", "val"))
    assert [pair.meta["n"] for pair in val[5:40]] == sorted(pair.meta["n"] for pair in val)[5:40]
    found = [list(val), list(train)]
    monkeypatch.setattr(KeptLines, "_again", None)  # calling it would fail
    assert [list(val), list(train), [val[7]]] == [*found, found[0][7:8]]
    assert list(train.of([4, 2, 9])) == [found[1][place] for place in (4, 2, 9)]


def test_labels_and_digests_need_no_look_at_records(read, monkeypatch):
    first, second, _ = read({"a.jsonl": lines(PAIRS)}, "data/format=columns")
    pairs, again = first.records.splits["train"], second.records.splits["train"]
    monkeypatch.setattr(KeptLines, "read", None)  # calling it would fail
    assert stored_records.texts_digest(again) == stored_records.texts_digest(pairs)
    assert [column.tolist() for column in stored_records.labels_of(again)] == [
        [1.0] * len(pairs),
        [pair.margin for pair in pairs],
    ]
    assert stored_records.labels_of(again) is again.labels


def test_processes_that_are_forked_off_write_nothing_to_the_file_that_all_share(read, monkeypatch):
    _, second, store = read({"a.jsonl": lines(PAIRS)}, "data/format=columns")
    pairs, expected = second.records.splits["train"], [pair.prompt for pair in second.records.splits["train"]]
    monkeypatch.setattr("rmexp.data.passes.SEVERAL", 10)
    monkeypatch.setattr("rmexp.data.passes.PART", 20)
    monkeypatch.setattr("rmexp.hardware.side_by_side.processors", lambda: 2)
    again = KeptLines(store.lines, store._form)
    some = StoredRecords(again, pairs.numbers)
    made = some[0].prompt
    assert [prompt for part in passed(lambda some: [pair.prompt for pair in some], some) for prompt in part] == expected
    assert len(again._made) == 1
    assert [pair.prompt for pair in some] == expected
    assert made == expected[0]
