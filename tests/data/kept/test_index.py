"""A large data set is read once: the next run gets the same records, splits, leaks and messages without reading it."""

import json
import logging
import os
import time

import pytest

from rmexp import record_file
from rmexp.config.compose import compose
from rmexp.data import learnt
from rmexp.data.selection import selected
from rmexp.lines import read_lines
from rmexp.sources import file_rows
from rmexp.verbs import data as run_data

TURNS = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Me."}, {"role": "user", "content": "?"}]


@pytest.fixture(autouse=True)
def _large(monkeypatch):
    monkeypatch.setattr(record_file, "HELD", 200)  # bytes; larger data sets lie in files
    monkeypatch.setattr(logging.getLogger("rmexp"), "propagate", True)


@pytest.fixture
def read(tmp_path, monkeypatch, caplog):
    """Reads pairs as `train` does, or whole as `profile` does; how often the file was opened is in `read.opened`."""
    path = tmp_path / "pairs.jsonl"
    rows = [{"prompt": f"What is {number % 15}?", "chosen": f"é{number}", "rejected": "no"} for number in range(30)]
    rows += [{"prompt": f"what is {number}", "chosen": "yes", "rejected": "no"} for number in range(15)]
    rows += [{"prompt": TURNS, "chosen": "a", "rejected": "b", "margin": 2, "meta": {"x": [1, None]}}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"prompt": 1}\n')
    opened = []
    monkeypatch.setattr(
        file_rows, "read_lines", lambda *args, **options: opened.append(args) or read_lines(*args, **options)
    )

    def read(*overrides, verb="train"):
        monkeypatch.setattr(run_data, "_LAST", {})
        caplog.clear()
        settings = [f"data.path={path}", f"data.cache_dir={tmp_path / 'cache'}", "data.on_bad_row=skip", *overrides]
        config = compose(verb, ["data=jsonl", "data/format=columns", *settings])
        with caplog.at_level(logging.INFO):
            if verb == "train":
                return run_data.load_run_data(config.data, config.tests).data, list(caplog.messages)
            return run_data.load_data(config.data), list(caplog.messages)

    read.opened, read.path, read.cache = opened, path, tmp_path / "cache"
    return read


def files(read, kind):
    return sorted(read.cache.glob(f"*.{kind}"))


@pytest.mark.parametrize("overrides", [(), ("data.leaks=drop",), ("data.label_noise=0.3", "data.train_pairs=20")])
def test_a_second_run_has_the_same_without_reading(read, overrides):
    first, said = read(*overrides)
    assert len(read.opened) == 1
    second, said_again = read(*overrides)
    assert len(read.opened) == 1
    assert second.records == first.records
    assert second._replace(records=None) == first._replace(records=None)
    assert second.leaks["normalised"] > 0
    assert [pair.place for pair in second.records.splits["val"]] == [pair.place for pair in first.records.splits["val"]]
    assert said_again == said
    assert any("bad and left out" in line for line in said)
    assert any(line.startswith("leaks: ") for line in said)


def test_other_verbs_share_the_records(read):
    read()
    whole, _ = read(verb="profile")
    assert read(verb="profile")[0].records == whole.records
    assert len(read.opened) == 2
    assert len(files(read, "records")) == 1
    assert len(files(read, "index")) == 2


@pytest.mark.parametrize("change", ["data.split_seed=1", "data.leak_similarity=0.5", "data.max_bad_share=0.4"])
def test_whatever_decides_it_is_looked_at(read, change):
    read()
    read(change)
    assert len(read.opened) == 2


def test_another_content_of_the_same_size_and_time_is_read(read):
    read()
    times = read.path.stat()
    read.path.write_bytes(read.path.read_bytes().replace(b'"no"', b'"NO"'))
    os.utime(read.path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert {pair.rejected for pair in read()[0].records.splits["val"]} <= {"NO", "b"}


def test_a_further_file_is_looked_at_and_needs_not_be_there(read, tmp_path):
    other = tmp_path / "other.jsonl"
    for content in ('{"prompt": "What is 3?"}\n', '{"prompt": "What is 4?"}\n'):
        other.write_text(content)
        read(f"data.leaks_against=[{other}]")
    reads = len(read.opened)
    read(f"data.leaks_against=[{other}]")
    assert len(read.opened) == reads
    other.unlink()
    read(f"data.leaks_against=[{tmp_path / 'no*.jsonl'}]", "data.leaks=ignore")
    with pytest.raises(ValueError, match=r"other\.jsonl.*data\.leaks_against"):
        read(f"data.leaks_against=[{other}]")


def test_what_concerns_batches_and_lengths_does_not_decide_it(read):
    read()
    assert read("data.max_tokens=64", "data.batch_pairs=2")[0].limits.max_tokens == 64
    assert len(read.opened) == 1


@pytest.mark.parametrize("kind", ["index", "records"])
@pytest.mark.parametrize("damage", ["changed", "cut", "gone"])
def test_a_damaged_file_is_named_and_made_again(read, kind, damage):
    first, _ = read()
    (path,) = files(read, kind)
    content = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes(content[:-9] if damage == "cut" else content[:99] + bytes([content[99] ^ 1]) + content[100:])
    second, said = read()
    assert second.records == first.records
    assert len(read.opened) == 2
    if (kind, damage) != ("index", "gone"):
        assert str(path) in said[0]
        assert "read again" in said[0]
    assert path.read_bytes() == content
    read()
    assert len(read.opened) == 2


def test_nothing_is_kept_of_small_data_nor_without_a_folder(read, monkeypatch):
    read("data.cache_dir=null")
    monkeypatch.setattr(record_file, "HELD", 1 << 20)
    read()
    assert not read.cache.exists()


def test_a_file_that_changes_while_it_is_read_is_not_kept(read, monkeypatch):
    def changed(records, *told):
        read.path.write_bytes(read.path.read_bytes() + b"\n")
        return selected(records, *told)

    monkeypatch.setattr(learnt, "selected", changed)
    read()
    assert not files(read, "index")


def aged(path, days):
    os.utime(path, (time.time() - days * 86400,) * 2)


def test_unused_indexes_and_copies_of_none_are_removed(read):
    read()
    (index,), (copy,) = files(read, "index"), files(read, "records")
    orphan, fresh = read.cache / "a.records", read.cache / "b.records"
    for path, days in ((orphan, 1.1), (fresh, 0.9), (copy, 99), (index, 29)):
        path.touch()
        aged(path, days)
    _, said = read("data.split_seed=1")  # which shares the copy
    assert files(read, "records") == sorted([copy, fresh])
    assert f"{read.cache}: removed 0 indexes that no run has used for 30 days and 1 copies of records of none" in said
    aged(index, 31)
    read("data.split_seed=2")
    assert index not in files(read, "index")
    assert copy in files(read, "records")  # that another index names


def test_an_index_that_is_used_stays(read):
    read()
    (index,) = files(read, "index")
    aged(index, 31)
    read()
    read("data.split_seed=1")
    assert index in files(read, "index")
