import numpy as np
import pytest
from sklearn.metrics import top_k_accuracy_score

from rmexp.evaluation.picks import picked


def test_one_best_response_of_four_is_top_1_accuracy():
    rng = np.random.default_rng(0)
    scores, best = rng.normal(size=(300, 4)), rng.integers(0, 4, 300)
    found = picked(scores, np.eye(4)[best])
    assert found.credit.mean() == pytest.approx(top_k_accuracy_score(best, scores, k=1))
    means = found.mean()
    assert (means.chance, means.gold_best, found.tie.max()) == (0.25, 1.0, 0.0)
    assert means.gold_picked == found.credit.mean()


def test_equal_scores_share_the_pick_and_equal_worth_shares_the_best():
    found = picked(np.array([[1, 1, 0], [2, 1, 9.0]]), np.array([[3.0, 1.0, 3.0], [0.0, 0.0, np.nan]]))
    assert found.credit.tolist() == [1 / 2, 1]
    assert found.chance.tolist() == pytest.approx([2 / 3, 1])
    assert (found.worth.tolist(), found.random.tolist()) == ([2.0, 0.0], [pytest.approx(7 / 3), 0.0])
    assert (found.best.tolist(), found.tie.tolist()) == ([3.0, 0.0], [1, 0])


def test_scores_are_compared_in_single_precision():
    assert picked(np.array([[1.0, 1.0 + 1e-12]]), np.array([[0.0, 1.0]])).credit.tolist() == [0.5]


def test_no_lists():
    assert picked(np.empty((0, 2)), np.empty((0, 2))).mean().chance is None
