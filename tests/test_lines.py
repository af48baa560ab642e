import bz2
import gzip
import json
import lzma
import os

import pytest

from rmexp.lines import read_lines


def test_blank_lines_keep_the_count_of_lines(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'\n{"a": 1}\n  \n\n{"a": 2}')
    assert [number for number, _ in read_lines(path)] == [2, 5]


@pytest.mark.parametrize(("name", "compress"), [("rows.jsonl.gz", gzip.compress), ("rows.jsonl.xz", lzma.compress)])
def test_damaged_compression_names_file_and_line(tmp_path, name, compress):
    path = tmp_path / name
    whole = compress(b"".join(json.dumps({"n": n, "text": str(hash(str(n)))}).encode() + b"\n" for n in range(20000)))
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    for content in (whole[: len(whole) // 2], bytes(flipped), whole[:12]):
        path.write_bytes(content)
        with pytest.raises(
            ValueError, match=rf"{name}: compressed data is damaged or cut off (after line \d+|in its first line)"
        ):
            list(read_lines(path))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", bytes(range(1, 256)), "expected JSON lines in UTF-8, got bytes that are no text"),
        ("a.csv", b"\xff" + bytes(range(253, 0, -1)) * 4, "expected a table in UTF-8, got bytes that are no text"),
        ("a.jsonl", b"\0" + bytes(range(1, 32)), "expected JSON lines in UTF-8, got bytes that are no text"),
        ("a.txt", bytes(range(1, 32)), "expected text in UTF-8, got bytes that are no text"),
        (
            "a.jsonl.gz",
            gzip.compress(bytes(range(1, 255)), mtime=0),
            "expected JSON lines in UTF-8, got bytes that are no text",
        ),
        (
            "a.jsonl",
            gzip.compress(b"{}", mtime=0),
            r"expected JSON lines in UTF-8, got a file packed by gzip \(name it .gz\)",
        ),
        ("a.json", lzma.compress(b"{}"), r"expected JSON in UTF-8, got a file packed by xz \(name it .xz\)"),
        ("a.jsonl", b"PAR1\x15\x04", r"expected JSON lines in UTF-8, got .* by Parquet \(name it .parquet\)"),
        ("a.txt", bz2.compress(b"a"), r"expected text in UTF-8, got a file packed by bzip2 \(unpack it\)"),
        ("a.txt", bz2.compress(b""), r"expected text in UTF-8, got a file packed by bzip2 \(unpack it\)"),
        ("a.jsonl.gz", b'{"not": "packed"}\n', "expected a file packed by gzip, got other bytes"),
        ("a.jsonl.xz", b'{"not": "packed"}\n', "expected a file packed by xz, got other bytes"),
    ],
)
def test_what_is_no_text_is_told_with_what_was_expected(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name}: {message}"):
        list(read_lines(tmp_path / name))


@pytest.mark.parametrize("content", [b"PAR1 is a gene.\n", b"BZhang said so\n"])
def test_a_text_may_begin_as_the_marks_of_packed_files_do(tmp_path, content):
    (tmp_path / "a.txt").write_bytes(content)
    assert list(read_lines(tmp_path / "a.txt")) == [(1, content)]


@pytest.mark.parametrize("content", [b"", b"\x07", "caf\xe9 \x85".encode("latin-1"), b"a\tb\x1b[0m\f\r\n", b"\x01" * 2])
def test_texts_of_any_encoding_with_a_stray_sign_are_left_to_their_readers(tmp_path, content):
    (tmp_path / "a.txt").write_bytes(content)
    assert b"".join(line for _, line in read_lines(tmp_path / "a.txt")) == content


def test_paths_that_are_no_files(tmp_path):
    with pytest.raises(ValueError, match=r"absent.jsonl: .* does not exist \(set data.path\)"):
        list(read_lines(tmp_path / "absent.jsonl"))
    with pytest.raises(ValueError, match="this path is a folder"):
        list(read_lines(tmp_path))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(
        ValueError, match=r"pipe: expected a file, but this path is a pipe or a device \(set data.path\)"
    ):
        next(read_lines(tmp_path / "pipe", key="data.path"))
