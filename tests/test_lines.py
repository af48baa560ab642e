import gzip
import json
import lzma

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
    for content in (whole[: len(whole) // 2], bytes(flipped), b'{"not": "compressed"}\n'):
        path.write_bytes(content)
        with pytest.raises(
            ValueError, match=rf"{name}: compressed data is damaged or cut off (after line \d+|in its first line)"
        ):
            list(read_lines(path))


def test_paths_that_are_no_files(tmp_path):
    with pytest.raises(ValueError, match=r"absent.jsonl: .* does not exist \(set data.path\)"):
        list(read_lines(tmp_path / "absent.jsonl"))
    with pytest.raises(ValueError, match="this path is a folder"):
        list(read_lines(tmp_path))
