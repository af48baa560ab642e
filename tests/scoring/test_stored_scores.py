import json

import pytest

from rmexp.data.described import fingerprint
from rmexp.records import Scored
from rmexp.scoring.scored_file import manifest_path, write_scored
from rmexp.scoring.stored_scores import StoredScores

SCORER = {"name": "explicit", "kind": "explicit", "fingerprint": "0123"}


@pytest.fixture
def rows(pairs):
    return [Scored(pair.id, (0.5 + i, -float(i)), (5, 6), (False, False)) for i, pair in enumerate(pairs)]


@pytest.fixture
def folder(tmp_path, pairs, rows):
    write_scored(tmp_path / "val.jsonl", rows, pairs, SCORER)
    write_scored(tmp_path / "test.jsonl", rows[:4], pairs[:4], SCORER)
    return tmp_path


def test_scores_come_back_as_they_were(folder, pairs, rows):
    assert list(StoredScores(None, str(folder / "val.jsonl")).score(pairs)) == rows


def test_a_folder_knows_which_file_is_meant(folder, pairs, rows):
    scorer = StoredScores(None, str(folder))
    assert ([*scorer.score(pairs)], [*scorer.score(pairs[:4])]) == (rows, rows[:4])


def test_it_is_the_scorer_that_made_the_scores(folder):
    scorer = StoredScores(None, str(folder))
    assert (scorer.name, scorer.fingerprint, scorer.describe()) == ("explicit", "0123", SCORER)
    renamed = StoredScores("seed 1", str(folder))
    assert (renamed.name, renamed.describe()) == ("seed 1", SCORER | {"name": "seed 1"})


@pytest.mark.parametrize(
    ("said", "log_odds"),
    [
        ({"kind": "explicit"}, True),
        ({"kind": "made elsewhere"}, True),
        ({"kind": "baseline", "rule": "longer"}, False),
        ({"kind": "baseline", "rule": "bag_of_words"}, True),
        ({"kind": "centred", "scale": 1.0}, True),
        ({"kind": "centred", "scale": 0.5}, False),
        ({"kind": "implicit", "reduction": "response_sum"}, True),
        ({"kind": "implicit", "reduction": "sequence_mean"}, False),
        ({"kind": "ensemble", "reduction": "mean", "members": {"a": {"kind": "hub"}}}, True),
        ({"kind": "ensemble", "reduction": "min", "members": {"a": {"kind": "hub"}}}, False),
        ({"kind": "ensemble", "reduction": "mean", "members": {"a": {"kind": "baseline", "rule": "json"}}}, False),
    ],
)
def test_an_old_manifest_tells_by_its_kind_whether_they_are_log_odds(tmp_path, pairs, rows, said, log_odds):
    write_scored(tmp_path / "val.jsonl", rows, pairs, SCORER | said)
    assert StoredScores(None, str(tmp_path)).log_odds is log_odds


@pytest.mark.parametrize("log_odds", [True, False])
def test_a_manifest_says_it_also_for_an_older_one_beside_it(folder, pairs, rows, log_odds):
    write_scored(folder / "more.jsonl", rows[:2], pairs[:2], SCORER, log_odds=log_odds)
    assert StoredScores(None, str(folder)).log_odds is log_odds


def test_other_data_is_refused_with_both_fingerprints(folder, pairs):
    there, wanted = fingerprint(pairs), fingerprint(pairs[1:])
    with pytest.raises(ValueError, match=rf"scores of the data {there}, but these 11 records are the data {wanted}"):
        StoredScores(None, str(folder / "val.jsonl")).score(pairs[1:])


def test_rows_in_another_order_are_refused(folder, pairs):
    lines = (folder / "val.jsonl").read_text().splitlines(keepends=True)
    (folder / "val.jsonl").write_text("".join([lines[1], lines[0], *lines[2:]]))
    with pytest.raises(ValueError, match=rf"2 scores of the record {pairs[0].id}, got 2 of {pairs[1].id}"):
        StoredScores(None, str(folder / "val.jsonl")).score(pairs)


def test_scores_of_two_scorers_are_refused(folder, pairs, rows):
    write_scored(folder / "other.jsonl", rows[:4], pairs[:4], SCORER | {"fingerprint": "4567"})
    with pytest.raises(ValueError, match=r"scores of several scorers, explicit \(\w+\) and explicit \(\w+\); name one"):
        StoredScores(None, str(folder))


@pytest.mark.parametrize("content", ["[]", "{}", "not json", json.dumps({"scorer": "x", "data": "y"})])
def test_a_broken_manifest_is_told(folder, content):
    manifest_path(folder / "val.jsonl").write_text(content)
    with pytest.raises(ValueError, match=r"val.manifest.json: expected a manifest with a `scorer`"):
        StoredScores(None, str(folder / "val.jsonl"))


def test_nothing_there_is_told(tmp_path):
    with pytest.raises(ValueError, match=r"but there is none \(set scorer.path\)"):
        StoredScores(None, str(tmp_path / "no.jsonl"))
    with pytest.raises(ValueError, match="but there are no scored files with their manifests in it"):
        StoredScores(None, str(tmp_path))
    (tmp_path / "runs" / "scored").mkdir(parents=True)
    for name in ("pairs.jsonl", "pairs.manifest.json"):
        (tmp_path / "runs" / "scored" / name).write_text("")
    with pytest.raises(ValueError, match=r"manifests in it; there are some in .*runs/scored \(set scorer.path\)$"):
        StoredScores(None, str(tmp_path / "runs"))
    (tmp_path / "alone.jsonl").write_text("")
    with pytest.raises(ValueError, match=r"its manifest alone\.manifest\.json is missing"):
        StoredScores(None, str(tmp_path / "alone.jsonl"))
