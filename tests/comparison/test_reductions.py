import numpy as np
import pytest

from rmexp.comparison.reductions import PromptLevel, across_prompts, reductions


def test_dilution_flips_and_accuracy_by_hand():
    """Sums 4 and 2 (mean 3), means .4 and .2; behind the longer prompt sums 2 and 1, means .04 and -.01."""
    own = PromptLevel(10, [[4, 0], [2, 0]], [[0.4, 0.0], [0.2, 0.0]])
    longer = PromptLevel(100, [[2, 0], [1, 0]], [[0.04, 0.0], [-0.01, 0.0]])
    first, second = reductions([own, longer], [1.0, 1.0])
    assert (first.response_sum.margin, first.response_sum.dilution, first.flips) == (3.0, 1.0, 0)
    assert (second.response_sum.margin, second.response_sum.dilution) == (1.5, 0.5)
    assert second.sequence_mean.margin == pytest.approx(0.015)
    assert second.sequence_mean.dilution == pytest.approx(0.05)
    assert (second.flips, second.flipped) == (1, (1,))
    assert (second.response_sum.within, second.sequence_mean.within) == (1.0, 0.5)


def test_across_prompts_compares_level_zero_chosen_with_every_other_prompts_rejected():
    """Preferred 3, 1 at their own prompts; others 2, 0 behind the longer one: 3 > 0 and 1 < 2, so one half."""
    own = PromptLevel(1, [[3, 0], [1, 0]], [[3, 0], [1, 0]])
    longer = PromptLevel(9, [[9, 2], [9, 0]], [[9, 2], [9, 0]])
    assert reductions([own, longer], [1.0, 1.0])[1].response_sum.across == 0.5


def test_labels_orient_and_label_ties_are_left_out():
    rng = np.random.default_rng(0)
    sums, means, target = rng.normal(size=(50, 2)), rng.normal(size=(50, 2)), rng.choice([0.0, 0.5, 1.0], 50)
    (ours,) = reductions([PromptLevel(5, sums, means)], target)
    (swapped,) = reductions([PromptLevel(5, sums[:, ::-1], means[:, ::-1])], 1 - target)
    assert ours == swapped
    assert ours.pairs == (target != 0.5).sum()
    assert all(target[index] != 0.5 for index in ours.flipped)


def test_across_is_the_double_loop():
    rng = np.random.default_rng(1)
    high, low = rng.integers(0, 5, 40), rng.integers(0, 5, 40)
    pairs = [(high[i] > low[j]) + (high[i] == low[j]) / 2 for i in range(40) for j in range(40) if i != j]
    assert across_prompts(high, low) == pytest.approx(np.mean(pairs))


def test_what_is_undefined_is_none():
    (level,) = reductions([PromptLevel(5, [[1, 1]], [[0, 0]])], [1.0])
    assert (level.response_sum.dilution, level.response_sum.across) == (None, None)
    assert reductions([], []) == ()
