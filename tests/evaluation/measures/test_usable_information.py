import math

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import log_loss

from rmexp.evaluation.measures.usable_information import pair_nll, usable_bits


def test_a_coin_tells_nothing_and_certainty_tells_one_bit():
    assert usable_bits([0.0], [1.0]) == pytest.approx(0)
    assert usable_bits([60.0, -60.0], [1.0, 0.0]) == pytest.approx(1)


def test_by_hand():
    """Odds 3 to 1 for the right side: log2(3/4) = -0.415, so 0.585 bits; for the wrong one 1 + log2(1/4) = -1."""
    assert usable_bits([math.log(3), -math.log(3)], [1.0, 1.0]).tolist() == pytest.approx([1 + math.log2(0.75), -1.0])


def test_the_mean_is_the_log_loss_of_scikit_learn():
    generator = np.random.default_rng(1)
    margin, labels = generator.normal(scale=3, size=500), generator.integers(0, 2, 500)
    assert pair_nll(margin, labels).mean() == pytest.approx(log_loss(labels, expit(margin)), rel=1e-12)


def test_swapping_the_sides_changes_nothing():
    generator = np.random.default_rng(0)
    margin, target = generator.normal(size=20), generator.random(20)
    assert pair_nll(margin, target) == pytest.approx(pair_nll(-margin, 1 - target))


def test_a_soft_label_is_best_met_by_its_own_log_odds():
    target = 0.8
    best = pair_nll([math.log(target / (1 - target))], [target])[0]
    assert best == pytest.approx(-(0.8 * math.log(0.8) + 0.2 * math.log(0.2)))
    assert (pair_nll(np.linspace(-5, 5, 101), np.full(101, target)) >= best - 1e-12).all()


def test_large_margins_stay_finite():
    assert pair_nll([-1e4], [1.0])[0] == pytest.approx(1e4)
