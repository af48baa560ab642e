import hashlib

import pytest

from rmexp.data.rules import KINDS, LEARNT, RULES
from rmexp.jsonl import write_rows
from rmexp.records import Candidates, Preference
from rmexp.scoring.baseline import BaselineScorer

POOL = Candidates("What is a map?", ("- a\n- b", "A map is paper.", "**x**"))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("longer", (7, 15, 5)),
        ("shorter", (-7, -15, -5)),
        ("list_items", (2, 0, 0)),
        ("markdown", (2, 0, 1)),
        ("prompt_overlap", (1 / 4, 3 / 4, 0)),
    ],
)
def test_rules(kind, expected):
    (row,) = BaselineScorer(kind, kind, 0, None).score([POOL])
    assert (row.scores, row.id) == (expected, POOL.id)
    assert row.tokens == (8, 8, 5)


def test_the_coin_depends_on_seed_and_texts_alone(pairs):
    def scores(seed, records):
        return {row.id: row.scores for row in BaselineScorer("random", "random", seed, None).score(records)}

    assert scores(0, pairs) == scores(0, pairs[::-1]) == {**scores(0, pairs[:5]), **scores(0, pairs[5:])}
    assert scores(0, pairs) != scores(1, pairs)
    digest = hashlib.sha256(f"3\n{pairs[0].prompt}\n{pairs[0].chosen}".encode()).hexdigest()
    assert scores(3, pairs)[pairs[0].id][0] == int(digest[:12], 16) / 2**48
    many = [Preference(f"p{i}", "a", "b") for i in range(2000)]
    first = sum(a > b for a, b in scores(0, many).values()) / 2000
    assert first == pytest.approx(0.5, abs=0.04)  # 3.6 standard errors


def test_every_kind_is_known():
    assert set(KINDS) == {*RULES, "random", *LEARNT}


@pytest.mark.parametrize("kind", ["longer", "bag_of_words"])
def test_scorers_that_score_alike_have_one_fingerprint(kind, tmp_path):
    file = tmp_path / "pairs.jsonl"
    write_rows(file, ({"prompt": f"{i}", "chosen": f"good {i}", "rejected": f"bad {i}"} for i in range(30)))
    path = str(file) if kind in LEARNT else None
    scorer = BaselineScorer(kind, kind, 0, path)
    assert scorer.describe() == {"name": kind, "kind": "baseline", "fingerprint": scorer.fingerprint, "rule": kind} | (
        {} if path is None else {"pairs": hashlib.sha256(file.read_bytes()).hexdigest()[:16]}
    )
    assert scorer.fingerprint == BaselineScorer("another name", kind, 9, path).fingerprint
    assert scorer.fingerprint != BaselineScorer(kind, "random", 0, None).fingerprint


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("n", "longest", 0, None), "scorer.kind must be one of longer, .*, got longest"),
        (("n", "bag_of_words", 0, None), "scorer.kind=bag_of_words learns from labelled pairs: set scorer.pairs=FILE"),
        (("n", "longer", 0, "x.jsonl"), "scorer.kind=longer learns nothing from scorer.pairs=x.jsonl"),
        (("n", "bag_of_words", 0, "no.jsonl"), r"no.jsonl: expected a file of labelled pairs.*\(set scorer.pairs\)"),
    ],
)
def test_bad_options_name_their_key(options, message):
    with pytest.raises(ValueError, match=message):
        BaselineScorer(*options)


def test_a_learnt_rule_knows_the_pairs_that_it_learnt_from(tmp_path):
    rows = [{"prompt": f"Q{i}", "chosen": f"good {i}", "rejected": f"bad {i}"} for i in range(20)]
    write_rows(tmp_path / "pairs.jsonl", rows)
    scorer = BaselineScorer("words", "bag_of_words", 0, str(tmp_path / "pairs.jsonl"))
    records = [Preference("Q3", "bad 3", "good 3"), Preference("Q3", "good", "bad"), Preference("Q", "a", "b")]
    assert [row.trained_on for row in scorer.score(records)] == ["pair", "prompt", "no"]
    assert next(BaselineScorer("longer", "longer", 0, None).score(records)).trained_on is None
