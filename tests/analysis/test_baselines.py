import numpy as np
import pytest

from rmexp.analysis.baselines import MEANING, judged, rule_scores
from rmexp.analysis.pair_texts import pair_texts, word_counts
from rmexp.records import Preference

RECORDS = [
    Preference("what is rain", "rain is water that falls", "no"),
    Preference("what is snow", "no", "- one\n- two\n"),
    Preference("what is hail", "ice", "**b**", target=0.2),
    Preference("what is fog", "abc", "abcd", target=0.5),
]


@pytest.fixture
def scores():
    texts = pair_texts(RECORDS)
    return rule_scores(texts, word_counts(texts.texts), seed=0)


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
    texts = pair_texts([Preference("", f"a{i}", f"b{i}") for i in range(2000)])
    words = word_counts(texts.texts)
    first, again, other = (rule_scores(texts, words, seed)["random"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert judged("random", first, texts.target, np.arange(2000)).accuracy == pytest.approx(0.5, abs=0.04)


def test_swapping_the_sides_and_the_labels_changes_nothing(scores):
    turned = [Preference(r.prompt, r.rejected, r.chosen, target=1 - r.target) for r in RECORDS]
    texts = pair_texts(turned)
    swapped = rule_scores(texts, word_counts(texts.texts), seed=0)
    for name in scores.keys() - {"random"}:
        assert judged(name, swapped[name], texts.target, np.arange(4)) == judged(
            name, scores[name], pair_texts(RECORDS).target, np.arange(4)
        )


def test_every_rule_has_a_meaning(scores):
    assert scores.keys() <= MEANING.keys()
