import numpy as np
import pytest

from rmexp.evaluation.measures.accuracy import pairwise_accuracy
from rmexp.evaluation.measures.ceiling import Ceiling, Truth, binary_entropy, ceiling, truth_of, weighted_mean
from rmexp.evaluation.measures.usable_information import pair_nll
from rmexp.records import Preference


def truth(probability, tie=None):
    values = np.array(probability, dtype=float)
    return Truth(values, np.zeros_like(values) if tie is None else np.array(tie, dtype=float))


def pair(**meta):
    return Preference("p", "a", "b", meta=meta)


def test_without_ties_by_hand():
    """max(p, 1 - p) is 0.9, 0.6, 0.5; the entropies are 0.32508, 0.67301 and ln 2 = 0.69315."""
    figures = ceiling(truth([0.9, 0.4, 0.5]))
    assert (figures.n, figures.bayes_accuracy) == (3, pytest.approx(2 / 3))
    assert figures.bayes_nll == pytest.approx((0.32508 + 0.67301 + 0.69315) / 3, abs=1e-5)


def test_certainty_has_no_entropy():
    assert ceiling(truth([0.0, 1.0])) == Ceiling(n=2, bayes_accuracy=1.0, bayes_nll=0.0)
    assert binary_entropy(np.array([0.5]))[0] == pytest.approx(np.log(2))


def test_ties_by_hand():
    """Win 2/3, tie 1/6, loss 1/6: 3/4 with half a tie, 4/5 among those that are no tie; win 0.4, tie 0.2, loss 0.4."""
    known = truth([0.75, 0.5], [1 / 6, 0.2])
    assert known.without_ties.tolist() == pytest.approx([0.8, 0.5])
    weighted = (5 / 6 * 0.8 + 0.8 * 0.5) / (5 / 6 + 0.8)
    assert ceiling(known).bayes_accuracy == pytest.approx(weighted)
    assert ceiling(known, [1.0, 1.0]).bayes_accuracy == pytest.approx(0.65)
    assert ceiling(known, [1.0, 0.5]).bayes_accuracy == pytest.approx(0.8)
    assert ceiling(known, [0.5, 0.5]).bayes_accuracy is None
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert ceiling(known).bayes_nll == pytest.approx((entropy + np.log(2)) / 2)


def test_a_sure_tie_says_nothing_of_who_wins():
    known = truth([0.5], [1.0])
    assert known.without_ties.tolist() == [0.5]
    assert ceiling(known).bayes_accuracy is None
    assert ceiling(known).bayes_nll == pytest.approx(np.log(2))


def test_nobody_has_a_lower_expected_loss_than_the_truth():
    rng = np.random.default_rng(0)
    known = truth(rng.uniform(0.01, 0.99, 500))
    best = np.log(known.probability / (1 - known.probability))
    at_best = pair_nll(best, known.probability).mean()
    assert at_best == pytest.approx(ceiling(known).bayes_nll)
    for noise in (-0.5, 0.1, 1.0):
        assert pair_nll(best + noise, known.probability).mean() > at_best


def test_the_truth_reaches_its_accuracy_on_drawn_labels():
    rng = np.random.default_rng(1)
    known = truth(rng.uniform(size=20_000))
    target = (rng.uniform(size=20_000) < known.probability).astype(float)
    scores = np.stack([known.probability, 1 - known.probability], axis=1)
    assert pairwise_accuracy(scores, target).accuracy == pytest.approx(ceiling(known).bayes_accuracy, abs=0.01)


def test_truth_of_records():
    assert truth_of([]) is None
    assert truth_of([pair(true_probability=0.7), pair()]) is None
    known = truth_of([pair(true_probability=0.7), pair(true_probability=0.6, tie_probability=0.3)])
    assert known is not None
    assert (known.probability.tolist(), known.tie.tolist()) == ([0.7, 0.6], [0.0, 0.3])


@pytest.mark.parametrize(
    "meta",
    [
        {"true_probability": 1.2},
        {"true_probability": -0.1},
        {"true_probability": float("nan")},
        {"true_probability": 0.1, "tie_probability": 0.4},
        {"true_probability": 0.5, "tie_probability": -0.1},
    ],
)
def test_impossible_probabilities_name_the_record(meta):
    wrong = pair(**meta)
    with pytest.raises(ValueError, match=rf"^record {wrong.id}: expected a meta.true_probability in \[0, 1\]"):
        truth_of([pair(true_probability=0.5), wrong])


def test_weighted_mean():
    assert weighted_mean(np.array([1.0, 4.0]), np.array([3.0, 1.0])) == 1.75
    assert weighted_mean(np.array([1.0]), np.array([0.0])) is None
