import numpy as np
import pytest
from sklearn.metrics import top_k_accuracy_score

from rmexp.analysis.best_of_k import best_of_k


def test_one_best_response_of_four_is_top_1_accuracy():
    rng = np.random.default_rng(0)
    scores, best = rng.normal(size=(300, 4)), rng.integers(0, 4, 300)
    found = best_of_k(scores.tolist(), np.eye(4)[best].tolist())
    assert found.accuracy == pytest.approx(top_k_accuracy_score(best, scores, k=1))
    assert (found.n, found.chance, found.gold_best, found.tie_rate) == (300, 0.25, 1.0, 0.0)
    assert found.gold_picked == found.accuracy
    assert found.accuracy_low < found.accuracy < found.accuracy_high


def test_equal_scores_share_the_pick_and_equal_worth_shares_the_best():
    found = best_of_k([[1, 1, 0], [2, 1]], [[3.0, 1.0, 3.0], [0.0, 0.0]])
    assert found.accuracy == (1 / 2 + 1) / 2
    assert found.chance == pytest.approx((2 / 3 + 1) / 2)
    assert (found.gold_picked, found.gold_random) == (1.0, pytest.approx((7 / 3 + 0) / 2))
    assert found.tie_rate == 0.5


def test_scores_are_compared_in_single_precision():
    assert best_of_k([[1.0, 1.0 + 1e-12]], [[0.0, 1.0]]).accuracy == 0.5


def test_no_lists_and_lists_that_do_not_fit():
    assert best_of_k([], []).accuracy is None
    with pytest.raises(ValueError, match="one score for each of its responses' worth"):
        best_of_k([[1.0]], [[1.0, 2.0]])
