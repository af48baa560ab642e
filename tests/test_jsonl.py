import gzip
import json
import lzma
import pickle

import pytest

from rmexp.jsonl import BadRow, describe, keep_rows, parse_row, write_rows
from rmexp.lines import read_lines

ROWS = [{"text": "ä → 好", "n": 1}, {"text": "line\nbreak", "n": [1.5, None]}, {}]
OPENERS = {"rows.jsonl": open, "rows.jsonl.gz": gzip.open, "rows.jsonl.xz": lzma.open}


def rows_of(path):
    return [parse_row(path, number, line) for number, line in read_lines(path)]


@pytest.mark.parametrize("name", OPENERS)
def test_written_rows_are_read_back(tmp_path, name):
    path = tmp_path / name
    write_rows(path, ROWS)
    assert rows_of(path) == ROWS
    with OPENERS[name](path, "rb") as file:  # and by others
        assert [json.loads(line) for line in file] == ROWS


@pytest.mark.parametrize("name", OPENERS)
def test_the_same_rows_are_the_same_bytes_at_any_time(tmp_path, name, monkeypatch):
    write_rows(tmp_path / "a" / name, ROWS)
    monkeypatch.setattr("time.time", lambda: 1e9)
    write_rows(tmp_path / "b" / name, ROWS)
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("name", OPENERS)
def test_a_row_that_cannot_be_written_leaves_the_old_file(tmp_path, name):
    path = tmp_path / name
    write_rows(path, ROWS)
    with pytest.raises(ValueError, match="expected finite numbers"):
        write_rows(path, [{"score": float("nan")}])
    assert rows_of(path) == ROWS
    assert list(tmp_path.iterdir()) == [path]


def test_byte_order_mark_and_windows_line_ends(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n\r\n{"a": 2}\r\n')
    assert rows_of(path) == [{"a": 1}, {"a": 2}]


def test_a_whole_surrogate_pair_is_text(tmp_path):
    assert parse_row(tmp_path, 1, rb'{"a": "\ud83d\ude00"}') == {"a": "😀"}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"a": "\xff"}', "not UTF-8 at byte 8"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8 at byte 1"),
        (b'{"a": 1', "not JSON: Expecting ',' delimiter at column 8"),
        (b'{"prompt": "x", "chosen": "y"\r\n', "not JSON: Expecting ',' delimiter at column 30"),
        (b'{"a": "b\tc"}', "not JSON: Invalid control character at column 9"),
        (b"{'a': 1}", "not JSON: Expecting property name enclosed in double quotes at column 2"),
        (b'{"a": [{"b": 1, "c": 2, "b": 3}]}', 'not JSON: the key "b" stands twice in one object'),
        (b"[" * 100_000, "not JSON: "),
        (b"1" * 5000, "not JSON: "),
        (rb'{"meta": {"a": "\ud83d\ude00 \ud800"}}', "expected text, got half a surrogate pair, '\\ud800'"),
        (b"[1, 2]", "expected a JSON object, got a list"),
        (b'"text"', 'expected a JSON object, got "text"'),
        (b"null", "expected a JSON object, got null"),
    ],
)
def test_a_bad_row_names_file_and_line(tmp_path, line, problem):
    with pytest.raises(BadRow) as caught:
        parse_row(tmp_path / "rows.jsonl", 7, line)
    assert str(caught.value).startswith(f"{tmp_path}/rows.jsonl:7: {problem}")
    assert caught.value.line == 7


def test_a_bad_row_is_told_by_one_process_to_another():
    told = pickle.loads(pickle.dumps(BadRow("pairs.jsonl", 7, "not JSON")))
    assert (str(told), told.line, told.problem) == ("pairs.jsonl:7: not JSON", 7, "not JSON")


def test_values_are_described_as_in_json():
    described = [describe(value) for value in (True, None, 12, "", "é", [1], [], {"a": 1})]
    assert described == ["true", "null", "12", '""', '"é"', "a list", "an empty list", "an object"]
    assert describe("x" * 100) == '"' + "x" * 36 + "..."


@pytest.mark.parametrize("separator", ["\u2028", "\u0085"])
def test_rows_up_to_a_step_are_kept_whatever_is_in_their_texts(tmp_path, separator):
    """To `str.splitlines` these separators end a line, to JSON and to `file.write` they do not."""
    path, rows = tmp_path / "rows.jsonl", [{"step": step, "text": f"one{separator}two"} for step in (1, 2, 3)]
    write_rows(path, rows)
    keep_rows(path, "step", 2)
    assert rows_of(path) == rows[:2]


def test_a_row_that_broke_off_within_a_character_is_left_out(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"step": 1}\n' + '{"step": 2, "text": "ä'.encode()[:-1])
    keep_rows(path, "step", 2)
    assert path.read_bytes() == b'{"step": 1}\n'
