from dataclasses import replace

import pytest

from rmexp.reports.compare import wording
from rmexp.statistics.means import Estimate


@pytest.fixture
def split(full):
    """A split with the counts given: both right, only explicit, only implicit, both wrong, and the p-value."""

    def make(both, explicit, implicit, wrong, p):
        one, pairs = full.splits[0], both + explicit + implicit + wrong
        agreement = replace(one.agreement, pairs=pairs, both_right=both)
        difference = Estimate((explicit - implicit) / pairs, None, None, p, pairs, p is None)
        paired = replace(one.paired, first_alone=explicit, second_alone=implicit, difference=difference, method="95 %")
        return replace(one, agreement=agreement, paired=paired)

    return make


@pytest.mark.parametrize(
    ("figures", "sentence"),
    [
        ((80, 0, 0, 0, None), "cannot tell which of the two is better"),
        ((70, 0, 0, 10, None), "wrong on exactly the same pairs"),
        ((70, 1, 0, 9, None), "Too few prompts tell them apart for a test (1 discordant pair)"),
        ((50, 11, 9, 10, 0.7), "within chance (p = 0.700 on 20 discordant pairs, 95 %)"),
        ((50, 20, 2, 8, 0.0001), "explicit reward is right on more pairs than chance explains"),
        ((50, 2, 20, 8, 0.0001), "implicit reward is right on more pairs"),
    ],
)
def test_the_test_says_which_is_better_only_where_it_may(split, figures, sentence):
    assert sentence in wording.paired_sentence(split(*figures))


def test_showcase_counts_order_and_not_height(full):
    (prompt,) = full.showcase.prompts
    opposite = replace(prompt, implicit=(-7.0, -1.0))
    both_wrong = replace(prompt, explicit=(0.0, 1.0), implicit=(-7.0, -1.0))
    said = wording.showcase_sentence((prompt, opposite, both_wrong))
    assert "same response first on 2 of 3 showcase prompts, the preferred one on 1" in said


@pytest.mark.parametrize(
    ("chosen", "rejected", "sentence"),
    [(-0.5, -0.4, "the sum falls"), (-0.5, 0.1, "one of the two"), (None, 0.3, "no sign")],
)
def test_length_is_blamed_only_where_the_reward_falls_with_it(full, chosen, rejected, sentence):
    effect = replace(full.splits[0].implicit_length, spearman_chosen=chosen, spearman_rejected=rejected, clusters=100)
    assert sentence in wording.length_sentence(effect)
    assert "no sign" in wording.length_sentence(replace(effect, clusters=10)), "of ten prompts chance comes to as much"


def test_disagreements_are_counted_over_all_splits(full):
    """Two of the ten and two of the eight pairs are ordered differently; one text was given."""
    assert "first on 4 pairs, of which 1 follow" in wording.disagreements_sentence(full, 1)
    assert "not kept" in wording.disagreements_sentence(replace(full, disagreements=()), 0)
    alike = replace(full.splits[0], agreement=replace(full.splits[0].agreement, same_order=1.0))
    assert wording.disagreements_sentence(replace(full, splits=(alike,), disagreements=()), 0).startswith("None")


def test_accounts_add_up_over_splits(full):
    assert wording.account_sentence(full) == (
        "0 malformed rows left out, 3 pairs truncated, 1 dropped as too long, 1 identical once cut."
    )


def test_the_curves_are_said_in_numbers(stage):
    assert wording.loss_sentence(stage) == (
        "Training loss from 0.69 to 0.01 at step 4, validation loss from 0.2 to 0.02 at step 4."
    )
    assert wording.accuracy_sentence(stage) == (
        "Epoch 1: train 75.0 %, validation 75.0 %; epoch 2: train 100.0 %, validation 100.0 %."
    )
