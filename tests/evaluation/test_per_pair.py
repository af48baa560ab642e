import json

import pytest

from rmexp.evaluation.per_pair import FILE, pair_rows, read_pairs, write_pairs
from rmexp.evaluation.scores import scores_of
from rmexp.evaluation.slices import Slicing
from rmexp.evaluation.test_set import Origin, as_test_set
from rmexp.records import Preference

RECORDS = [
    Preference("p", "a", "b", id="1"),
    Preference("q", "a", "b", 0.0, id="2"),
    Preference("p", "a", "c", id="3"),
    Preference("r", "a", "c", id="4"),
]


def made():
    bins = {"1": "hard", "2": "hard", "3": "easy", "4": "easy"}
    test = as_test_set(Origin("d", "val"), RECORDS, Slicing(parts={"difficulty": bins}))
    return list(pair_rows(test, scores_of([[1, 1], [2, 0], [0.5, 0], [None, 1]], log_odds=True)))


def test_pairs_with_a_score_know_their_prompt():
    rows = made()
    assert [(row.id, row.cluster, row.bin) for row in rows] == [("1", 0, "hard"), ("2", 1, "hard"), ("3", 0, "easy")]
    assert [row.margin for row in rows] == [0.0, 2.0, 0.5]
    assert rows[0].bits == pytest.approx(0.0)
    assert rows[1].bits < 0 < rows[2].bits


def test_rows_come_back(tmp_path):
    assert read_pairs(tmp_path) == []
    write_pairs(tmp_path, made())
    assert read_pairs(tmp_path) == made()
    assert set(json.loads((tmp_path / FILE).read_text().splitlines()[0])) == {
        "id", "data", "split", "bin", "cluster", "margin", "target", "bits",
    }  # fmt: skip


def test_files_that_know_no_clusters_are_read(tmp_path):
    row = {"id": "1", "data": "d", "split": "val", "bin": None, "margin": 0.5, "target": 1.0, "bits": 0.1}
    (tmp_path / FILE).write_text(json.dumps(row))
    assert read_pairs(tmp_path)[0].cluster is None
