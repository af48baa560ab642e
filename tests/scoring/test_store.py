import json

import pytest

from rmexp.records import Scored
from rmexp.scored import ResponseCounts, counts_of
from rmexp.scoring.baseline import BaselineScorer
from rmexp.scoring.scored_file import manifest_path, read_scored
from rmexp.scoring.store import Column, score_columns_into, score_into
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
        for r in records:
            yield Scored(r.id, tuple(map(float, map(len, r.responses))), (1, 1), (False, False))

    def describe(self):
        return {"name": self.name, "fingerprint": self.fingerprint}


@pytest.mark.parametrize("shard_records", [1, 5, 12, 100])
def test_shards_change_nothing(pairs, tmp_path, shard_records):
    done = score_into(tmp_path / "val.jsonl", Counting(), pairs, shard_records=shard_records)
    assert done.rows == list(Counting().score(pairs)) == read_scored(tmp_path / "val.jsonl")[0]
    assert counts_of(done.rows) == ResponseCounts(12, 24)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["val.jsonl", "val.manifest.json"]


def test_what_was_scored_before_an_interruption_is_not_scored_again(pairs, tmp_path):
    with pytest.raises(RuntimeError, match="killed"):
        score_into(tmp_path / "val.jsonl", Counting(most=9), pairs, shard_records=4)
    assert not (tmp_path / "val.jsonl").exists()
    (tmp_path / "val.shards" / ".000000008.jsonl.half").write_text('{"id": ')  # what kill -9 leaves of a shard
    again = Counting()
    done = score_into(tmp_path / "val.jsonl", again, pairs, shard_records=4)
    assert (again.calls, done.computed) == ([4], 4)
    assert done.rows == list(Counting().score(pairs))
    assert not (tmp_path / "val.shards").exists()
    finished = Counting()
    assert score_into(tmp_path / "val.jsonl", finished, pairs, shard_records=4).rows == done.rows
    assert finished.calls == []


def test_files_of_another_scorer_or_of_other_records_are_not_taken_over(pairs, tmp_path):
    score_into(tmp_path / "val.jsonl", Counting(), pairs, shard_records=5)
    other = BaselineScorer("shorter", "shorter", 0, None)
    assert score_into(tmp_path / "val.jsonl", other, pairs, shard_records=5).rows == list(other.score(pairs))
    assert score_into(tmp_path / "val.jsonl", other, pairs[1:], shard_records=5).rows == list(other.score(pairs[1:]))


def test_a_file_made_before_manifests_had_log_odds_is_taken_over(pairs, tmp_path):
    rule = BaselineScorer("longer", "longer", 0, None)
    assert not score_into(tmp_path / "val.jsonl", rule, pairs, shard_records=5).log_odds
    place = tmp_path / "val.manifest.json"
    manifest = json.loads(place.read_text())
    assert manifest.pop("log_odds") is False
    place.write_text(json.dumps(manifest))
    assert score_into(tmp_path / "val.jsonl", rule, pairs, shard_records=5).computed == 0
    assert not score_into(
        tmp_path / "b" / "val.jsonl", StoredScores(None, str(tmp_path)), pairs, shard_records=5
    ).log_odds


def test_stored_scores_are_looked_up_as_a_whole(pairs, tmp_path):
    expected = score_into(tmp_path / "a" / "val.jsonl", Counting(), pairs, shard_records=5).rows
    stored = StoredScores(None, str(tmp_path / "a"))
    assert score_into(tmp_path / "b" / "val.jsonl", stored, pairs, shard_records=5).rows == expected


def test_no_shard_is_empty(pairs, tmp_path):
    with pytest.raises(ValueError, match=r"got 0 \(set shard_records\)"):
        score_into(tmp_path / "val.jsonl", Counting(), pairs, shard_records=0)


def test_processes_share_the_records_and_one_of_them_joins_the_shards(pairs, tmp_path):
    path, scorers = tmp_path / "val.jsonl", [Counting() for _ in range(3)]
    found = [
        score_into(path, scorer, pairs, shard_records=2, share=(rank, 3)).rows for rank, scorer in enumerate(scorers)
    ]
    alone = list(Counting().score(pairs))
    assert found == [[*alone[2 * rank : 2 * rank + 2], *alone[2 * rank + 6 : 2 * rank + 8]] for rank in range(3)]
    assert [scorer.calls for scorer in scorers] == [[2, 2]] * 3
    assert not path.exists()
    joined = score_into(path, last := Counting(), pairs, shard_records=2)
    assert (joined.rows, joined.computed, last.calls) == (alone, 0, [])
    assert read_scored(path)[0] == alone
    assert not path.with_name("val.shards").exists()


@pytest.mark.parametrize("share", [(2, 2), (-1, 2), (0, 0)])
def test_a_share_that_is_none_is_told(pairs, tmp_path, share):
    with pytest.raises(ValueError, match="`share` must be a rank below the number of processes"):
        score_into(tmp_path / "val.jsonl", Counting(), pairs, shard_records=2, share=share)


def test_several_columns_come_from_one_pass(pairs, tmp_path):
    def columns():
        return {
            name: Column(tmp_path / f"val.{name}.jsonl", {"name": name}, name == "plus") for name in ("plus", "minus")
        }

    passes = []

    def score(records):
        passes.append(len(records))
        for record in records:
            lengths = tuple(float(len(text)) for text in record.responses)
            rows = {"plus": lengths, "minus": tuple(-length for length in lengths)}
            yield {name: Scored(record.id, values, (1, 1), (False, False)) for name, values in rows.items()}

    found = score_columns_into(columns(), score, pairs, shard_records=5)
    assert passes == [5, 5, 2]
    lengths = [tuple(float(len(text)) for text in pair.responses) for pair in pairs]
    assert [row.scores for row in found["plus"].rows] == lengths
    assert [row.scores for row in read_scored(tmp_path / "val.minus.jsonl")[0]] == [(-a, -b) for a, b in lengths]
    assert [found[name].log_odds for name in found] == [True, False]
    manifest_path(tmp_path / "val.minus.jsonl").unlink()  # one that is not whole is made again, with the others
    again = score_columns_into(columns(), score, pairs, shard_records=100)
    assert passes == [5, 5, 2, 12]
    assert {name: done.rows for name, done in again.items()} == {name: done.rows for name, done in found.items()}


def test_what_was_not_scored_is_counted(pairs, tmp_path):
    class Short(Counting):
        def score(self, records):
            for row in super().score(records):
                yield Scored(row.id, (None, row.scores[1]), (0, 1), (False, False))

    done = score_into(tmp_path / "val.jsonl", Short(), pairs, shard_records=5)
    assert counts_of(done.rows) == ResponseCounts(12, 24, unscored=12)
    rows, manifest = read_scored(tmp_path / "val.jsonl")
    assert (rows, manifest["unscored"]) == (done.rows, 12)


def test_a_scorer_that_forgets_a_record_is_refused(pairs, tmp_path):
    class Forgetful(Counting):
        def score(self, records):
            return iter(list(super().score(records))[1:])

    with pytest.raises(ValueError, match="got fewer"):
        score_into(tmp_path / "val.jsonl", Forgetful(), pairs, shard_records=5)
