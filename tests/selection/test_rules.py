from collections import Counter

import numpy as np
import pytest

from rmexp.selection.rules import FilterItems, Keep, combined, decide

NOTHING = dict.fromkeys(("min_margin", "min_score", "max_disagreement", "share", "per_group", "top"))


def keep(**rules):
    return Keep(**(NOTHING | rules))


def pairs(margin, score=None, disagreement=None, group=None):
    margin = np.array(margin, float)
    return FilterItems(margin, margin if score is None else np.array(score, float), disagreement, group, None)


def kept(items, **rules):
    return [index for index, decision in enumerate(decide(items, keep(**rules))) if decision.kept]


MARGINS = [2.0, -1.0, 0.0, np.nan, 0.5]


def test_what_has_no_score_is_never_kept_and_ranks_last():
    items = pairs([2.0, np.nan, np.nan, 1.0])._replace(unscored=np.array([False, True, False, False]))
    assert kept(items) == [0, 2, 3]
    assert kept(items, share=0.75) == [0, 2, 3]  # the second nan is a labelled tie
    assert decide(items, keep())[1].rule == "unscored"


def test_agreement_with_the_label_is_a_margin_of_zero():
    decisions = decide(pairs(MARGINS), keep(min_margin=0.0))
    assert [decision.kept for decision in decisions] == [True, False, True, True, True]
    assert decisions[1].rule == "min_margin"
    assert "margin -1, expected at least 0: the other response is scored higher" in decisions[1].reason
    assert "tie" in decisions[3].reason


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ({}, [0, 1, 2, 3, 4]),
        ({"min_margin": 1.0}, [0, 3]),
        ({"min_score": 5.0}, [1, 2, 4]),
        ({"share": 0.6}, [0, 3, 4]),
        ({"share": 1.0}, [0, 1, 2, 3, 4]),
        ({"per_group": 1}, [3, 4]),
        ({"min_margin": 0.0, "per_group": 1}, [3, 4]),
        ({"max_disagreement": 0.5}, [0, 1, 3]),
        ({"min_score": 5.0, "share": 0.6}, [4]),
    ],
)
def test_each_rule_and_rules_together(rules, left):
    items = pairs(MARGINS, [4, 5, 6, 4, 7], np.array([0, 0.5, 0.6, 0.1, 1]), ["x", "x", "y", "x", "y"])
    assert kept(items, **rules) == left


def test_every_unit_has_one_decision_and_the_dropped_a_reason():
    rng = np.random.default_rng(0)
    items = pairs(rng.normal(size=200), group=rng.integers(0, 5, 200).astype(str).tolist())
    decisions = decide(items, keep(min_margin=-1.0, share=0.5, per_group=12))
    counts = Counter(decision.rule for decision in decisions)
    assert sum(counts.values()) == 200
    assert set(counts) == {"kept", "min_margin", "share", "per_group"}
    assert all(decision.reason for decision in decisions)
    assert sum(decision.kept for decision in decisions) == counts["kept"] == 60


def test_responses_are_ranked_within_their_prompt():
    items = FilterItems(None, np.array([1.0, 3.0, 2.0, 9.0, 8.0]), None, None, ["a", "a", "a", "b", "b"])
    assert kept(items, top=1) == [1, 3]
    assert kept(items, top=2, min_score=2.5) == [1, 3, 4]
    assert kept(items, min_margin=0.0) == [0, 1, 2, 3, 4]  # responses have no margin
    (reason,) = {decision.reason for decision in decide(items, keep(top=2)) if not decision.kept}
    assert reason == "rank 3 in its prompt, the first 2 stay"


def test_several_scorers_count_in_their_own_units():
    first, second = np.array([1.0, -1.0, 2.0]), np.array([1000.0, -1000.0, -2000.0])
    mean, apart = combined([first, second], zero=True)
    assert np.sign(mean).tolist() == [1, -1, mean[2] and np.sign(mean[2])]
    assert apart.argmax() == 2
    assert combined([first, first * 7], zero=True)[1] == pytest.approx(np.zeros(3))
    alone, nothing = combined([first], zero=True)
    assert alone is first
    assert nothing is None


def test_rewards_that_differ_by_a_constant_agree():
    """A reward model is known up to a constant; a margin of 0 says that there is no preference."""
    first = np.array([1.0, -1.0, 2.0, np.nan])
    moved = [first, first + 100]
    assert combined(moved, zero=False)[1][:3] == pytest.approx(np.zeros(3))
    assert (combined(moved, zero=True)[1][:3] > 10).all()


@pytest.mark.parametrize(
    ("rules", "message"),
    [({"max_disagreement": 1.0}, "needs the scores of several scorers"), ({"per_group": 1}, "set data.group")],
)
def test_a_rule_without_what_it_needs_is_a_sentence(rules, message):
    with pytest.raises(ValueError, match=message):
        decide(pairs([1.0]), keep(**rules))


@pytest.mark.parametrize("rules", [{"share": 0.0}, {"share": 1.5}, {"top": 0}, {"per_group": 0}])
def test_bad_values_name_their_key(rules):
    with pytest.raises(ValueError, match=f"^keep.{next(iter(rules))} must be"):
        keep(**rules)
