import pytest

from rmexp.records import Candidates, Preference, Scored
from rmexp.selection.policy import Sampled
from rmexp.selection.pool import distinct_prompts, sampled_pool, scored_pool


class Parrot:
    """Says the prompt, nothing to prompts that end in a dot, and counts how often it is asked."""

    path, responses = "parrot", 2048

    def __init__(self):
        self.asked = []

    def sample(self, prompts):
        self.asked += prompts
        return [Sampled((), 5, 0) if prompt.endswith(".") else Sampled((prompt, "x"), 1, 2) for prompt in prompts]


RECORDS = [Preference(prompt, "a", "b") for prompt in ("one", "two.", "three", "four", "five")]


def test_a_pool_counts_what_did_not_become_a_candidate(tmp_path):
    pool = sampled_pool(Parrot(), RECORDS, tmp_path)
    assert [record.prompt for record in pool.records] == ["one", "three", "four", "five"]
    assert pool.records[0].responses == ("one", "x")
    assert pool.records[0].meta == {"record": RECORDS[0].id}
    assert (pool.empty, pool.without, pool.cut) == (9, 1, 8)


def test_an_interrupted_pool_goes_on(tmp_path):
    whole = sampled_pool(Parrot(), RECORDS, tmp_path)
    shards = sorted(tmp_path.iterdir())
    assert len(shards) == 3
    shards[1].unlink()
    parrot = Parrot()
    assert sampled_pool(parrot, RECORDS, tmp_path) == whole
    assert parrot.asked == ["three", "four"]


def test_a_policy_that_says_nothing_is_a_sentence(tmp_path):
    with pytest.raises(ValueError, match="nothing but empty responses to 1 prompts"):
        sampled_pool(Parrot(), RECORDS[1:2], tmp_path)


def test_each_prompt_once():
    records = [Preference("p", "a", "b"), Preference("p", "c", "d"), Candidates("q", ("a",)), Candidates("r", ("a",))]
    assert [record.prompt for record in distinct_prompts(records, 2)] == ["p", "q"]
    assert len(distinct_prompts(records, None)) == 3


def test_what_was_not_scored_is_no_candidate():
    records = [Candidates(name, ("a", "b", "c"), (1.0, 2.0, 3.0)) for name in ("all", "some", "none")]
    scores = [(3.0, 2.0, 1.0), (None, 5.0, 4.0), (None, None, None)]
    rows = [Scored(r.id, s, (7, 8, 9), (False, True, False)) for r, s in zip(records, scores, strict=True)]
    found = scored_pool(records, rows)
    assert [(record.prompt, record.responses, record.gold) for record in found.records] == [
        ("all", ("a", "b", "c"), (1.0, 2.0, 3.0)),
        ("some", ("b", "c"), (2.0, 3.0)),
    ]
    assert found.rows == [rows[0], Scored(records[1].id, (5.0, 4.0), (8, 9), (True, False))]
    assert found.unscored == 4
    with pytest.raises(ValueError, match=r"none of 3 responses was scored: all are too long \(set data.max_tokens\)"):
        scored_pool(records[2:], rows[2:])
