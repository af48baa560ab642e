import numpy as np
import pytest
from scipy import stats

from rmexp.comparison.length import length_effect


def test_accuracy_by_which_response_is_longer():
    """Preferred first after orienting: longer and right, longer and tied, shorter and wrong, equal and right."""
    scores = [[2, 1], [1, 1], [3, 2], [5, 4], [0, 9]]
    tokens = [[9, 5], [9, 5], [7, 3], [4, 4], [1, 2]]
    effect = length_effect(scores, tokens, [1.0, 1.0, 0.0, 1.0, 0.5], range(5))
    assert (effect.chosen_longer.n, effect.chosen_longer.value) == (2, 0.75)
    assert (effect.chosen_shorter.n, effect.chosen_shorter.value) == (1, 0.0)
    assert (effect.equal_length.n, effect.equal_length.value) == (1, 1.0)


def test_a_sum_of_negative_terms_is_seen_to_fall_with_length():
    rng = np.random.default_rng(0)
    tokens = rng.integers(5, 60, (80, 2))
    scores = -0.1 * tokens + rng.normal(size=(80, 2))
    effect = length_effect(scores, tokens, np.ones(80), range(80))
    expected = stats.spearmanr(scores[:, 0].astype(np.float32), tokens[:, 0]).statistic
    assert effect.spearman_chosen == pytest.approx(expected)
    assert effect.spearman_chosen < -0.5
    assert effect.chosen_longer.value < effect.chosen_shorter.value


def test_lengths_must_match_the_scores():
    with pytest.raises(ValueError, match=r"\(1, 2\), got \(2,\)"):
        length_effect([[1, 2]], [3, 4], [1.0], [0])


def test_of_twenty_correlations_that_are_none_one_is_as_large_as_is_told():
    rng, found = np.random.default_rng(0), []
    for _ in range(400):
        effect = length_effect(rng.normal(size=(60, 2)), rng.integers(5, 40, (60, 2)), np.ones(60), np.arange(60))
        found.append(abs(effect.spearman_chosen) > effect.told)
    assert np.mean(found) == pytest.approx(0.05, abs=0.025)
