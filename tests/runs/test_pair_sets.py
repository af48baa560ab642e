"""Which runs were tested on the same data."""

import json

from rmexp.runs.pair_sets import PairSet, pair_set, told_apart

SETTINGS = {"data.name": "x", "data.path": "a/x.jsonl", "data.split_seed": 0, "data.train_pairs": 10, "seed": 1}


def scored(folder, **pairs):
    """A run folder with scored files."""
    for name, fingerprint in pairs.items():
        path = folder / "scored" / f"{name.replace('_', '-')}.manifest.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"data": fingerprint}))
    return folder


def test_what_is_used_of_data_makes_no_other_data_of_it(tmp_path):
    others = SETTINGS | {"data.split_seed": 1, "data.train_pairs": None, "data.max_tokens": 9, "seed": 2}
    first = pair_set(scored(tmp_path / "first", val="1"), SETTINGS, "x", "val")
    second = pair_set(scored(tmp_path / "second", val="2"), others, "x", "val")
    assert first == PairSet({"path": "a/x.jsonl"}, "1")
    assert second == PairSet({"path": "a/x.jsonl"}, "2")
    assert told_apart([[first], [second]]) == ["", ""]


def test_a_test_is_another_set_than_the_data_of_its_name(tmp_path):
    settings = SETTINGS | {"tests.x.path": "b/x.jsonl", "tests.y.path": "y.jsonl"}
    folder = scored(tmp_path, val="1", x_all="2", y_all="3")
    found = [pair_set(folder, settings, *place) for place in (("x", "val"), ("x", "all"), ("y", "all"))]
    assert found == [
        PairSet({"path": path}, pairs) for path, pairs in (("a/x.jsonl", "1"), ("b/x.jsonl", "2"), ("y.jsonl", "3"))
    ]


def test_a_comparison_and_a_run_without_scored_files_have_their_source(tmp_path):
    assert pair_set(tmp_path / "none", SETTINGS, "x", "val") == PairSet({"path": "a/x.jsonl"})
    (tmp_path / "scored").mkdir()
    (tmp_path / "scored" / "val.explicit.manifest.json").write_text(json.dumps({"data": "1"}))
    assert pair_set(tmp_path, SETTINGS, "x", "val").pairs == "1"


def test_data_are_told_apart_by_the_key_that_does_or_by_all_that_differ():
    def words(*sources):
        return told_apart([[PairSet(source)] for source in sources])

    assert words({"path": "a", "min_gap": 1}, {"path": "b", "min_gap": 2}) == ["path=a", "path=b"]
    assert words({"path": "a", "n": 1}, {"path": "a", "n": 2}, {"path": "b", "n": 1}) == [
        "path=a, n=1",
        "path=a, n=2",
        "path=b, n=1",
    ]
    assert words({"path": "a"}, {"seed": 0}) == ["path=a", "seed=0"]
    assert words({}, {}) == ["", ""]


def test_seeds_of_one_line_join_what_they_were_tested_on():
    low, high = PairSet({"seed": 0}, "1"), PairSet({"seed": 1}, "2")
    assert told_apart([[low, high], [high], [low]]) == ["", "", ""]
    assert told_apart([[low], [high]]) == ["seed=0", "seed=1"]
