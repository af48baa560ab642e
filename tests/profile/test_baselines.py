import numpy as np
import pytest

from rmexp.data.rules import KINDS, LEARNT
from rmexp.profile.baselines import MEANING, baseline_scores, judged
from rmexp.profile.pair_texts import pair_texts
from rmexp.records import Preference
from rmexp.scoring.baseline import BaselineScorer

RULES = [name for name in KINDS if name not in LEARNT]
RECORDS = [
    Preference("what is rain", "rain is water that falls", "no"),
    Preference("what is snow", "no", "- one\n- two\n"),
    Preference("what is hail", "ice", "**b**", target=0.2),
    Preference("what is fog", "abc", "abcd", target=0.5),
]


@pytest.fixture
def scores():
    return baseline_scores(RULES, RECORDS, np.arange(len(RECORDS)), 0)


def accuracy(scores):
    texts = pair_texts(RECORDS)
    return judged("longer", scores, texts.target, np.arange(len(texts)))


@pytest.mark.parametrize(
    ("rule", "expected", "undecided"),
    [
        ("longer", 2 / 3, 0),  # right, wrong, right; the tie is left out
        ("shorter", 1 / 3, 0),
        ("list_items", (0.5 + 0 + 0.5) / 3, 2 / 3),
        ("markdown", (0.5 + 0 + 1) / 3, 1 / 3),
        ("prompt_overlap", (1 + 0.5 + 0.5) / 3, 2 / 3),
    ],
)
def test_rules_by_hand(scores, rule, expected, undecided):
    figure = accuracy(scores[rule])
    assert figure.accuracy == pytest.approx(expected)
    assert figure.undecided == pytest.approx(undecided)
    assert figure.n == 3


def test_the_coin_is_seeded_and_fair():
    records, clusters = [Preference("", f"a{i}", f"b{i}") for i in range(2000)], np.arange(2000)
    texts = pair_texts(records)
    first, again, other = (baseline_scores(["random"], records, clusters, seed)["random"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert judged("random", first, texts.target, np.arange(2000)).accuracy == pytest.approx(0.5, abs=0.04)


def test_swapping_the_sides_and_the_labels_changes_nothing(scores):
    turned = [Preference(r.prompt, r.rejected, r.chosen, target=1 - r.target) for r in RECORDS]
    texts = pair_texts(turned)
    swapped = baseline_scores(RULES, turned, np.arange(4), 0)
    for name in scores:
        assert judged(name, swapped[name], texts.target, np.arange(4)) == judged(
            name, scores[name], pair_texts(RECORDS).target, np.arange(4)
        )


def test_every_baseline_of_a_profile_has_a_meaning_and_is_a_scorer_too():
    assert MEANING.keys() < {*KINDS}


def test_a_rule_is_the_scorer_of_its_name():
    """To the last digit, so that every verb says the same of it."""
    lists = ["- a\n" * (number % 4) for number in range(50)]
    records = [Preference(f"ask {i} {'x' * (i % 3)}", f"{lists[i]}ask {i}", f"{i} **b**") for i in range(50)]
    found = baseline_scores(RULES, records, np.arange(50), 3)
    for name in RULES:
        rows = BaselineScorer(name, name, 3, None).score(records)
        assert found[name].tolist() == [list(row.scores) for row in rows]


@pytest.mark.parametrize("name", LEARNT)
def test_what_is_learnt_is_learnt_from_other_clusters(name):
    records = [Preference(f"p{i}", f"good {'x' * (i % 3)}", f"bad {'x' * (i % 2)}") for i in range(60)]
    assert (np.diff(baseline_scores([name], records, np.arange(60), 0)[name]) < 0).all()
    assert baseline_scores([name], records, np.zeros(60, int), 0) == {}  # there are no others
    assert list(baseline_scores([name, "shorter"], records[:10], np.arange(10), 0)) == ["shorter"]  # nor enough


def test_texts_that_share_no_word_leave_the_bag_of_words_out():
    records = [Preference(f"{i}?", f"a{i}", f"b{i}") for i in range(40)]
    found = baseline_scores(["bag_of_words", "bag_of_words_length"], records, np.arange(40), 0)
    assert set(found) == {"bag_of_words_length"}
    assert not found["bag_of_words_length"].any()  # the lengths are equal everywhere
