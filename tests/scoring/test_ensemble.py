from functools import partial

import numpy as np
import pytest

from rmexp.records import Scored
from rmexp.scoring.baseline import BaselineScorer
from rmexp.scoring.ensemble import EnsembleScorer, reduced

MEMBERS = {kind: partial(BaselineScorer, kind, kind, 0, None) for kind in ("longer", "shorter", "random")}


def ensemble(reduction="mean", k=1.0, standardised=False, members=MEMBERS):
    return EnsembleScorer("ensemble", members, reduction, k, standardised, loading=None, threads=1)


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


class Model:
    """A reward model whose rewards are `offset` above those on its training split, in units of `scale`."""

    name, stored = "model", False

    def __init__(self, offset, scale, *, loading, threads):
        self.reward_mean, self.reward_sd, self.fingerprint = offset, scale, f"{offset}/{scale}"

    def score(self, records):
        values = [(self.reward_mean + self.reward_sd, self.reward_mean) for _ in records]
        return [Scored(record.id, value, (1, 1), (False, True)) for record, value in zip(records, values, strict=True)]

    def describe(self):
        return {"name": self.name, "fingerprint": self.fingerprint}


def test_standardised_members_share_their_zero_and_unit(pairs):
    members = {"a": partial(Model, 10.0, 2.0), "b": partial(Model, -5.0, 0.1)}
    rows = ensemble("min", standardised=True, members=members).score(pairs[:3])
    assert [row.scores for row in rows] == [pytest.approx((1.0, 0.0))] * 3
    assert [row.truncated for row in rows] == [(False, True)] * 3


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
        ({"standardised": True}, r"the member longer does not say mean and deviation .*standardised=false"),
    ],
)
def test_bad_options_name_their_key(options, message):
    with pytest.raises(ValueError, match=message):
        ensemble(**options)
