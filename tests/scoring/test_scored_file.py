import json

import pytest

from rmexp.data.described import fingerprint
from rmexp.jsonl import BadRow
from rmexp.records import Scored
from rmexp.scoring.scored_file import manifest_path, read_scored, write_scored

SCORER = {"name": "explicit", "fingerprint": "0123"}


@pytest.fixture
def written(tmp_path, pairs):
    path = tmp_path / "scored" / "val.jsonl"
    rows = [Scored(pair.id, (0.1 + i, -1 / 3), (5, 6), (i == 0, False)) for i, pair in enumerate(pairs)]
    write_scored(path, rows, pairs, SCORER, log_odds=False)
    return path, rows


def test_rows_roundtrip_to_the_last_digit(written):
    path, rows = written
    assert read_scored(path)[0] == rows


def test_the_manifest_tells_scorer_and_data(written, pairs):
    path, _ = written
    assert manifest_path(path) == path.parent / "val.manifest.json"
    assert read_scored(path)[1] == {
        "scorer": SCORER,
        "log_odds": False,
        "data": fingerprint(pairs),
        "records": 12,
        "responses": 24,
        "truncated": 1,
    }


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"id": "x", "scores": [NaN, 0.0], "tokens": [1, 1], "truncated": [false, false]}', "a score must be finite"),
        ('{"id": "x", "scores": [Infinity], "tokens": [1], "truncated": [false]}', "a score must be finite, got inf"),
        ('{"id": "x", "scores": ["1"], "tokens": [1], "truncated": [false]}', "must be real number, not str"),
        ('{"id": "x", "scores": 1, "tokens": [1], "truncated": [false]}', "'int' object is not iterable"),
        ('{"id": "x", "scores": [1], "tokens": [1, 2], "truncated": [false]}', "must have the same length"),
        ('{"id": "x", "scores": [1], "tokens": [1]}', "`truncated` is missing"),
        ("not json", "not JSON"),
    ],
)
def test_a_bad_row_names_file_and_line(written, line, problem):
    path, rows = written
    with path.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(BadRow, match=rf"val.jsonl:{len(rows) + 1}: .*{problem}"):
        read_scored(path)


def test_rows_that_the_manifest_does_not_count_are_refused(written):
    path, _ = written
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    with pytest.raises(ValueError, match="has 11 rows, but its manifest says 12; score again"):
        read_scored(path)


def test_a_file_without_its_manifest_is_refused(written):
    path, _ = written
    manifest_path(path).unlink()
    with pytest.raises(ValueError, match=r"its manifest val.manifest.json is missing; score the records again"):
        read_scored(path)


def test_rows_whose_writing_was_interrupted_are_not_those_of_the_scorer_before(written, pairs, monkeypatch):
    def killed(*given):
        raise KeyboardInterrupt

    path, rows = written
    monkeypatch.setattr("rmexp.scoring.scored_file.write_json", killed)
    with pytest.raises(KeyboardInterrupt):
        write_scored(path, rows, pairs, {"name": "another"})
    with pytest.raises(ValueError, match=r"its manifest val\.manifest\.json is missing"):
        read_scored(path)


def test_plain_json_tools_can_read_both(written):
    path, rows = written
    assert [json.loads(line)["scores"] for line in path.open()] == [list(row.scores) for row in rows]
    assert json.loads(manifest_path(path).read_text())["records"] == len(rows)
