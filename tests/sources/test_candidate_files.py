import gzip
import json
from pathlib import Path

import pytest

from rmexp.sources.candidate_files import candidates, demonstrations, read_candidates


def write(path, *rows):
    Path(path).write_text("\n".join(json.dumps(row) for row in rows))
    return path


def test_candidates_with_and_without_gold(tmp_path):
    rows = [
        {"prompt": "p", "responses": ["a", "b"], "gold": [1, 2.5]},
        {"prompt": [{"role": "user", "content": "q"}], "responses": ["c"]},
    ]
    path = tmp_path / "pool.jsonl.gz"
    with gzip.open(path, "wt") as file:
        file.write("\n".join(map(json.dumps, rows)))
    data = candidates(path=str(path), encoding="utf-8")
    (records,) = data.candidates.values()
    assert records[0].gold == (1, 2.5)
    assert records[1].prompt[0].content == "q"
    assert not data.splits


def test_demonstrations_of_single_and_of_several_responses(tmp_path):
    path = write(
        tmp_path / "a.jsonl", {"prompt": "p", "response": "a", "score": 1.5}, {"prompt": "q", "responses": ["b", "c"]}
    )
    data = demonstrations(path=str(path), val_path=None, encoding="utf-8")
    assert [record.responses for record in data.demonstrations["all"]] == [("a",), ("b", "c")]
    split = demonstrations(path=str(path), val_path=str(path), encoding="utf-8").demonstrations
    assert list(split) == ["train", "val"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"prompt": "p", "responses": ["a", ""]}, r"pool.jsonl:2: `responses\[1\]` must be a non-empty string"),
        ({"prompt": "p", "responses": ["a"], "gold": [1, 2]}, "pool.jsonl:2: `gold` must hold 1 numbers"),
        ({"prompt": "p", "responses": ["a"], "gold": [None]}, "pool.jsonl:2: `gold` must be a finite number"),
        (
            {"prompt": "p", "candidates": ["a"]},
            r"pool.jsonl:2: `responses` is missing; the row has prompt, candidates; expected `prompt` with "
            r"`responses`, a list, or with a `response`, or `messages` \(set data.path\)$",
        ),
    ],
)
def test_a_bad_row_names_file_and_line(tmp_path, row, message):
    path = write(tmp_path / "pool.jsonl", {"prompt": "p", "responses": ["a"]}, row)
    with pytest.raises(ValueError, match=message):
        read_candidates(path)


def test_what_is_wrong_in_a_known_layout_is_said_alone(tmp_path):
    path = tmp_path / "pool.jsonl"
    path.write_text('{"instruction": "q", "output": 5}\n')
    with pytest.raises(ValueError, match=r"pool.jsonl:1: `output` must be a non-empty string, got 5$"):
        candidates(path=str(path), encoding="utf-8")


def test_a_file_that_is_none_names_the_key(tmp_path):
    with pytest.raises(ValueError, match=r"does not exist \(set candidates.path\)"):
        read_candidates(tmp_path / "none.jsonl", key="candidates.path")
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(ValueError, match="has no rows"):
        read_candidates(tmp_path / "empty.jsonl")


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_another_encoding_is_named_and_can_be_said(tmp_path, encoding):
    path = tmp_path / "a.jsonl"
    path.write_bytes((json.dumps({"prompt": "p", "response": "schön"}, ensure_ascii=False) + "\n").encode(encoding))
    with pytest.raises(ValueError, match=f"data.encoding={encoding}"):
        candidates(path=str(path), encoding="utf-8")
    assert candidates(path=str(path), encoding=encoding).candidates["candidates"][0].responses == ("schön",)
    data = demonstrations(path=str(path), val_path=str(path), encoding=encoding)
    assert [split[0].responses for split in data.demonstrations.values()] == [("schön",)] * 2
