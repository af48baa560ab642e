import json
from dataclasses import asdict

import numpy as np
import pytest

from rmexp.evaluation.measures.accuracy import pairwise_accuracy


def test_figures_by_hand():
    """Preferred/other after orienting: 2/1 right, 1/1 tie, 3/0 right, -1/4 wrong; the last is a label tie."""
    scores = [[2.0, 1.0], [1.0, 1.0], [0.0, 3.0], [-1.0, 4.0], [9.0, 9.5]]
    figures = pairwise_accuracy(scores, [1.0, 0.9, 0.2, 1.0, 0.5])
    assert (figures.n, figures.label_ties, figures.accuracy, figures.tie_rate) == (4, 1, 2.5 / 4, 0.25)
    assert (figures.chosen_min, figures.chosen_mean, figures.chosen_max) == (-1.0, 1.25, 3.0)
    assert (figures.rejected_min, figures.rejected_mean, figures.rejected_max) == (0.0, 1.5, 4.0)
    assert figures.margin_mean == -0.25
    assert figures.accuracy_low < 0.625 < figures.accuracy_high


def test_swapping_sides_with_the_label_changes_nothing():
    rng = np.random.default_rng(0)
    scores, target = rng.normal(size=(200, 2)), rng.choice([0.0, 0.3, 0.5, 1.0], 200)
    assert pairwise_accuracy(scores, target) == pairwise_accuracy(scores[:, ::-1], 1 - target)


def test_scores_are_compared_in_float32():
    """1 and 1 + 1e-9 are one number in float32, so the pair is a tie whatever precision the file holds."""
    assert pairwise_accuracy([[1.0, 1.0 + 1e-9]], [1.0]).tie_rate == 1.0


def test_no_pair_with_a_preference_gives_no_figures_and_valid_json():
    figures = pairwise_accuracy([[1.0, 2.0]], [0.5])
    assert (figures.n, figures.label_ties, figures.accuracy) == (0, 1, None)
    assert "NaN" not in json.dumps(asdict(figures), allow_nan=False)
    assert pairwise_accuracy(np.empty((0, 2)), []).n == 0


@pytest.mark.parametrize(
    ("scores", "target", "message"),
    [
        ([[1.0, 2.0, 3.0]], [1.0], r"shape \(pairs, 2\), got \(1, 3\)"),
        ([[1.0, np.nan]], [1.0], "must be finite, got nan"),
        ([[1.0, 2.0]], [1.0, 0.0], "each of 1 pairs, got shape"),
    ],
)
def test_bad_arrays_are_named(scores, target, message):
    with pytest.raises(ValueError, match=message):
        pairwise_accuracy(scores, target)
