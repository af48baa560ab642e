import math

import numpy as np
import pytest

from rmexp.analysis.held_out import by_slice, held_out


def test_by_hand():
    """Margins ln 3 and -ln 3 towards the label: probabilities 3/4 and 1/4 of it, one of two pairs right."""
    figures = held_out([[math.log(3), 0], [0, math.log(3)]], [1.0, 1.0])
    assert figures.accuracy == 0.5
    assert figures.nll == pytest.approx(-(math.log(0.75) + math.log(0.25)) / 2)
    assert figures.usable_bits == pytest.approx(1 + (math.log2(0.75) + math.log2(0.25)) / 2)
    assert figures.usable_bits_low < figures.usable_bits < figures.usable_bits_high


def test_a_label_tie_counts_for_the_loss_alone():
    figures = held_out([[1.0, 0.0], [0.0, 0.0]], [1.0, 0.5])
    assert (figures.n, figures.label_ties, figures.accuracy) == (2, 1, 1.0)
    assert figures.nll == pytest.approx((math.log(1 + math.exp(-1)) + math.log(2)) / 2)


def test_few_pairs_or_none():
    assert held_out(np.zeros((0, 2)), []).accuracy is None
    assert held_out([[1.0, 0.0]], [1.0]).usable_bits_low is None


def test_slices_are_the_figures_of_their_pairs():
    scores, target = [[1.0, 0.0], [0.0, 2.0], [3.0, 0.0]], [1.0, 1.0, 0.0]
    slices = by_slice(scores, target, ["hard", "easy", "hard"])
    assert list(slices) == ["hard", "easy"]
    assert slices["hard"] == held_out([scores[0], scores[2]], [1.0, 0.0])
    assert sum(figures.n for figures in slices.values()) == 3
