"""Files that are read in parts, side by side, come to what they do when they are read in one go."""

import json
import logging

import pytest

from rmexp.config.compose import compose
from rmexp.lines import Bounds
from rmexp.sources import files
from rmexp.sources.ranges import line_ranges
from rmexp.sources.ranges.line_ranges import LineRange, RangeRows
from rmexp.verbs.data import load_run_data

PAIRS = [
    {"id": f"r{number}", "prompt": f"What is {number // 3}?", "chosen": f"é{number}", "rejected": "no"}
    for number in range(300)
]
ROWS = [json.dumps(pair, ensure_ascii=False).encode() for pair in PAIRS]
SKIP = ("data.on_bad_row=skip", "data.max_bad_share=0.5")
VOTED = [
    {"history": f"{number // 2}?", "human_ref_A": "a", "human_ref_B": f"b{number}", "labels": 1, "domain": "d"}
    | {"score_A": 9, "score_B": 3, "score_ratio": 1 + number % 3, "post_id": f"{number}"}
    for number in range(300)
]


def file(*, put=None, rows=ROWS, end=b"\n"):
    """Lines, some of them other ones."""
    put = put or {}
    return b"\n".join(put.get(number, row) for number, row in enumerate(rows)) + end


OTHER_TEXTS = json.dumps({**PAIRS[7], "chosen": "another"}).encode()
GOOD = {
    "plain": file(),
    "without a last line break": file(end=b""),
    "carriage returns": file().replace(b"\n", b"\r\n"),
    "a mark on a line": file(put={40: b"\xef\xbb\xbf" + ROWS[40]}),
    "blank lines": file(put={**dict.fromkeys(range(90, 180), b" \t"), 299: b""}, end=b"\n\n\n"),
    "a pair twice": file(put={200: ROWS[7], 201: ROWS[200]}),
    "messages": file(put={9: json.dumps({**PAIRS[9], "prompt": [{"role": "user", "content": "a"}]}).encode()}),
}
BAD = {
    "no JSON": {50: b"{", 250: b"]"},
    "empty": {50: json.dumps({**PAIRS[50], "chosen": " "}).encode()},
    "identical": {50: json.dumps({**PAIRS[50], "chosen": "no"}).encode(), 51: b"1"},
    "an id of other texts": {200: OTHER_TEXTS},
    "an id of other texts, nearby": {8: OTHER_TEXTS},
    "a key twice": {299: b'{"prompt": "a", "prompt": "b"}'},
    "not UTF-8": {3: ROWS[3].replace("é".encode(), b"\xe9"), 290: b"\xff"},
    "half a pair": {17: b'{"prompt": "\\ud800", "chosen": "a", "rejected": "b"}'},
}
WHOLE = {
    "a list": b"[" + b",\n".join(ROWS) + b"]",
    "UTF-16": file().decode().encode("utf-16"),
    "a list, later": file(put={100: b"[" + ROWS[100] + b"]"}),
    "a long line": file(put={100: json.dumps({**PAIRS[100], "chosen": "a" * 3000}).encode()}),
    "an endless line": file(put={100: b'{"prompt": "' + b"a" * 30_000}),
    "endless blank lines": file(put=dict.fromkeys(range(50, 250), b" " * 40)),
    "blank lines, nearly endless": file(put=dict.fromkeys(range(50, 230), b"")),
}


@pytest.fixture
def read(tmp_path, monkeypatch, caplog):
    """What is read of files: their records and where they stand, bad rows, and the log, or the error."""
    caplog.set_level(logging.INFO)

    def read(contents, *overrides):
        caplog.clear()
        names = [tmp_path / f"{number}.jsonl" for number in range(len(contents))]
        for name, content in zip(names, contents, strict=True):
            name.write_bytes(content)
        settings = [f"data.path=[{','.join(map(str, names))}]", "data.cache_dir=null", *overrides]
        config = compose("train", ["data=jsonl", *settings])
        try:
            data = load_run_data(config.data, config.tests).data
        except ValueError as error:
            return type(error), str(error)
        records = {name: [(pair, pair.place) for pair in pairs] for name, pairs in data.records.sets().items()}
        return records, data.records.bad_rows, data.fingerprint, data.leaks, caplog.messages

    return read


@pytest.fixture
def both(read, monkeypatch):
    """What is read in one go, and in parts by two processes, with the number of parts."""

    def both(contents, *overrides):
        from rmexp.verbs import data as run_data

        parts, find = [], files.line_ranges
        monkeypatch.setattr("rmexp.hardware.side_by_side.processors", lambda: 1)
        expected = read(contents, *overrides)
        monkeypatch.setattr("rmexp.hardware.side_by_side.processors", lambda: 2)
        monkeypatch.setattr(run_data, "_LAST", {})
        for name, value in {"LARGE": 0, "RANGE": 2000, "LONGEST": 8000}.items():
            monkeypatch.setattr(line_ranges, name, value)
        monkeypatch.setattr(files, "line_ranges", lambda *told: parts.extend(find(*told)) or parts)
        return expected, read(contents, *overrides), len(parts)

    return both


@pytest.mark.parametrize("content", GOOD.values(), ids=GOOD)
def test_files_in_parts_come_to_the_same(both, content):
    expected, found, parts = both([content])
    assert found == expected
    assert parts > 5
    assert len(found[0]["train"]) > 100


def test_several_files_in_parts_come_to_the_same(both):
    rows = file(rows=[row.replace(b'"id": "r', b'"id": "q') for row in ROWS], end=b"\n\n")
    expected, found, parts = both([rows, file(), rows])
    assert found == expected
    assert len(found) == 5
    assert parts > 15
    expected, found, _ = both([rows, file(put={250: OTHER_TEXTS.replace(b'"r7"', b'"q7"')})])
    assert found == expected
    assert "0.jsonl:8)" in found[1]


@pytest.mark.parametrize("rules", [SKIP, ()], ids=["skip", "error"])
@pytest.mark.parametrize("put", BAD.values(), ids=BAD)
def test_bad_rows_in_parts_come_to_the_same(both, put, rules):
    expected, found, parts = both([file(put=put)], *rules)
    assert found == expected
    assert parts > 5
    assert len(found) == (5 if rules else 2)


@pytest.mark.parametrize("rules", [SKIP, ()], ids=["skip", "error"])
@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
def test_files_that_may_not_be_parted_come_to_the_same(both, content, rules):
    expected, found, _ = both([content], "data.max_row_mb=0.003", *rules)
    assert found == expected


def test_pairs_that_are_left_out_on_request_are_counted(both):
    rows = [json.dumps(row).encode() for row in VOTED]
    expected, found, parts = both([file(rows=rows)], "data/format=shp", "data.format.min_ratio=2")
    assert found == expected
    assert parts > 5
    assert any("100 left out: vote ratio below data.format.min_ratio=2" in line for line in found[4])


def test_parts_know_their_lines(tmp_path, monkeypatch):
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(file())
    monkeypatch.setattr(line_ranges, "LARGE", 0)
    monkeypatch.setattr(line_ranges, "RANGE", 1000)
    parts = line_ranges.line_ranges([path], "utf-8")
    rows = [row for part in parts for row in RangeRows(part, "utf-8", Bounds())]
    assert [(row.number, dict(row.content)) for row in rows] == [*enumerate(PAIRS, 1)]
    assert sum(part.size for part in parts) == path.stat().st_size
    assert line_ranges.line_ranges([path], "latin-1") == []
    assert LineRange(path, 2, len(ROWS[0]) + 1, len(ROWS[1])).content() == ROWS[1]
