import inspect
import json
import pydoc
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from rmexp.config.definitions import class_constant
from rmexp.records import Scored
from rmexp.run.scorers import score_set, scorer_inputs
from rmexp.scoring.baseline import BaselineScorer
from rmexp.scoring.scored_file import read_scored
from rmexp.scoring.stored_scores import StoredScores


class Counting:
    """The length of the response; fails, as a killed process would, once it has scored `most` records."""

    name, fingerprint, stored, log_odds = "counting", "0", False, False
    reads, tokenizer = {}, None

    def __init__(self, most=1000):
        self.calls, self.left = [], most

    def score(self, records):
        self.left -= len(records)
        if self.left < 0:
            raise RuntimeError("killed")
        self.calls.append(len(records))
        return [Scored(r.id, tuple(map(float, map(len, r.responses))), (1, 1), (False, False)) for r in records]

    def describe(self):
        return {"name": self.name, "fingerprint": self.fingerprint}


@pytest.mark.parametrize("shard_records", [1, 5, 12, 100])
def test_shards_change_nothing(pairs, tmp_path, shard_records):
    done = score_set(Counting(), pairs, tmp_path / "val.jsonl", shard_records)
    assert done.rows == Counting().score(pairs) == read_scored(tmp_path / "val.jsonl")[0]
    assert done.account() == {"records": 12, "responses": 24, "truncated": 0}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["val.jsonl", "val.manifest.json"]


def test_what_was_scored_before_an_interruption_is_not_scored_again(pairs, tmp_path):
    with pytest.raises(RuntimeError, match="killed"):
        score_set(Counting(most=9), pairs, tmp_path / "val.jsonl", 4)
    assert not (tmp_path / "val.jsonl").exists()
    (tmp_path / "val.shards" / ".000000008.jsonl.half").write_text('{"id": ')  # what kill -9 leaves of a shard
    again = Counting()
    done = score_set(again, pairs, tmp_path / "val.jsonl", 4)
    assert (again.calls, done.computed) == ([4], 4)
    assert done.rows == Counting().score(pairs)
    assert not (tmp_path / "val.shards").exists()
    finished = Counting()
    assert score_set(finished, pairs, tmp_path / "val.jsonl", 4).rows == done.rows
    assert finished.calls == []


def test_files_of_another_scorer_or_of_other_records_are_not_taken_over(pairs, tmp_path):
    score_set(Counting(), pairs, tmp_path / "val.jsonl", 5)
    other = BaselineScorer("shorter", "shorter", 0, None)
    assert score_set(other, pairs, tmp_path / "val.jsonl", 5).rows == other.score(pairs)
    assert score_set(other, pairs[1:], tmp_path / "val.jsonl", 5).rows == other.score(pairs[1:])


def test_a_file_made_before_manifests_had_log_odds_is_taken_over(pairs, tmp_path):
    rule = BaselineScorer("longer", "longer", 0, None)
    assert not score_set(rule, pairs, tmp_path / "val.jsonl", 5).log_odds
    place = tmp_path / "val.manifest.json"
    manifest = json.loads(place.read_text())
    assert manifest.pop("log_odds") is False
    place.write_text(json.dumps(manifest))
    assert score_set(rule, pairs, tmp_path / "val.jsonl", 5).computed == 0
    assert not score_set(StoredScores(None, str(tmp_path)), pairs, tmp_path / "b" / "val.jsonl", 5).log_odds


def test_stored_scores_are_looked_up_as_a_whole(pairs, tmp_path):
    expected = score_set(Counting(), pairs, tmp_path / "a" / "val.jsonl", 5).rows
    stored = StoredScores(None, str(tmp_path / "a"))
    assert score_set(stored, pairs, tmp_path / "b" / "val.jsonl", 5).rows == expected


def test_no_shard_is_empty(pairs, tmp_path):
    with pytest.raises(ValueError, match=r"got 0 \(set shard_records\)"):
        score_set(Counting(), pairs, tmp_path / "val.jsonl", 0)


def target(name):
    return {"_target_": f"rmexp.scoring.{name}"}


@pytest.mark.parametrize(
    "node", sorted((Path(__file__).parents[2] / "conf" / "scorer").glob("*.yaml")), ids=lambda path: path.stem
)
def test_every_scorer_says_what_of_its_arguments_it_reads(node):
    name = OmegaConf.load(node).get("_target_", "rmexp.scoring.implicit.ImplicitScorer")
    scorer = pydoc.locate(name)
    assert class_constant(name, "reads") == scorer.reads
    assert scorer.reads.keys() == {"path", "policy", "reference", "pairs"} & inspect.signature(scorer).parameters.keys()


def test_inputs_are_what_the_nodes_read(tmp_path, reward_folder):
    file = tmp_path / "pairs.jsonl"
    file.write_text("one")
    members = {
        "a": {**target("explicit.ExplicitScorer"), "path": str(reward_folder), "k": 1},
        "b": {**target("baseline.BaselineScorer"), "pairs": str(file), "path": "no such argument"},
    }
    node = OmegaConf.create({"name": "ensemble", **target("ensemble.EnsembleScorer"), "members": members})
    before = scorer_inputs(node, "scorer")
    assert list(before) == ["scorer.members.a.path", "scorer.members.b.pairs"]
    file.write_text("two")
    after = scorer_inputs(node, "scorer")
    assert [key for key in before if before[key] != after[key]] == ["scorer.members.b.pairs"]
    with pytest.raises(ValueError, match="is no model folder"):
        scorer_inputs(OmegaConf.create({**target("hub.HubScorer"), "path": str(tmp_path)}))
