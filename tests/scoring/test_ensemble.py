from functools import partial

import numpy as np
import pytest

from rmexp.jsonl import write_rows
from rmexp.records import Scored
from rmexp.scoring.baseline import BaselineScorer
from rmexp.scoring.ensemble import REDUCTIONS, EnsembleScorer, reduced

MEMBERS = {kind: partial(BaselineScorer, kind, kind, 0, None) for kind in ("longer", "shorter", "random")}


def ensemble(reduction="mean", k=1.0, members=MEMBERS):
    return EnsembleScorer("ensemble", members, reduction, k, limits=None, threads=1)


def scores(scorer, records):
    return np.array([row.scores for row in scorer.score(records)])


def test_reductions(pairs):
    columns = np.array([scores(make(), pairs) for make in MEMBERS.values()])
    assert scores(ensemble("mean"), pairs) == pytest.approx(columns.mean(axis=0))
    assert scores(ensemble("min"), pairs) == pytest.approx(columns.min(axis=0))
    expected = columns.mean(axis=0) - 0.5 * np.sqrt(((columns - columns.mean(axis=0)) ** 2).mean(axis=0))
    assert scores(ensemble("mean_minus_sd", 0.5), pairs) == pytest.approx(expected)


def test_without_disagreement_all_reductions_agree():
    same = np.array([[1.0, -2.0], [1.0, -2.0]])
    assert [reduced(same, rule, 3.0).tolist() for rule in ("mean", "min", "mean_minus_sd")] == [[1.0, -2.0]] * 3


def test_what_a_member_cut_is_cut(pairs):
    class Cut:
        name, fingerprint, stored, log_odds = "cut", "0", True, True

        def __init__(self, **_):
            pass

        def score(self, records):
            return [Scored(record.id, (1.0, 0.0), (99, 1), (False, True)) for record in records]

        def describe(self):
            return {"name": self.name}

    made = ensemble(members={"rule": MEMBERS["longer"], "cut": Cut})
    (row,) = made.score(pairs[:1])
    assert (row.tokens[0], row.truncated) == (99, (False, True))
    assert made.stored  # a member knows whole sets alone


def test_only_a_mean_of_log_odds_is_log_odds(tmp_path):
    file = tmp_path / "pairs.jsonl"
    write_rows(file, ({"prompt": f"{i}", "chosen": f"good {i}", "rejected": f"bad {i}"} for i in range(20)))
    learnt = {str(i): partial(BaselineScorer, str(i), "bag_of_words", 0, str(file)) for i in range(2)}
    assert [ensemble(rule, members=learnt).log_odds for rule in REDUCTIONS] == [True, False, False]
    assert not ensemble(members=learnt | {"longer": MEMBERS["longer"]}).log_odds


def test_what_makes_it_up_decides_the_fingerprint():
    prints = {ensemble(*options).fingerprint for options in (("mean",), ("min",), ("mean_minus_sd", 1.0))}
    assert len(prints | {ensemble("mean_minus_sd", 2.0).fingerprint}) == 4
    assert ensemble("mean", 1.0).fingerprint == ensemble("mean", 2.0).fingerprint  # k has no part in a mean
    assert set(ensemble().describe()["members"]) == set(MEMBERS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reduction": "max"}, "scorer.reduction must be one of mean, min, mean_minus_sd, got max"),
        ({"k": -1.0}, r"`k` must be at least 0, got -1.0 \(set scorer.k\)"),
        ({"members": {"a": MEMBERS["longer"]}}, "needs at least two members, got 1"),
    ],
)
def test_bad_options_name_their_key(options, message):
    with pytest.raises(ValueError, match=message):
        ensemble(**options)
