import numpy as np
import pytest

from rmexp.evaluation.measures.against_truth import BINS, LARGEST_LOGIT, against_truth, calibration_error
from rmexp.evaluation.measures.ceiling import Truth, ceiling


def truth(probability, tie=None):
    values = np.array(probability, dtype=float)
    return Truth(values, np.zeros_like(values) if tie is None else np.array(tie, dtype=float))


def scores(margin):
    return np.stack([np.asarray(margin, dtype=float), np.zeros(len(margin))], axis=1)


def logit(probability):
    return np.log(probability) - np.log1p(-np.asarray(probability))


@pytest.fixture
def known():
    return truth(np.random.default_rng(0).uniform(0.01, 0.99, 400))


def test_the_truth_is_perfect(known):
    figures = against_truth(scores(logit(known.probability)), known)
    assert figures.expected_accuracy == pytest.approx(ceiling(known).bayes_accuracy)
    assert (figures.ece, figures.mean_absolute_error) == (pytest.approx(0, abs=1e-6), pytest.approx(0, abs=1e-6))
    assert (figures.slope, figures.intercept) == (pytest.approx(1, abs=1e-5), pytest.approx(0, abs=1e-5))
    assert figures.slope_pairs == 400


def test_slope_and_intercept_are_those_of_a_line(known):
    figures = against_truth(scores(0.5 * logit(known.probability) + 0.3), known)
    assert (figures.slope, figures.intercept) == (pytest.approx(0.5, abs=1e-5), pytest.approx(0.3, abs=1e-5))
    noise = np.random.default_rng(1).normal(size=400)
    figures = against_truth(scores(logit(known.probability) + noise), known)
    slope, intercept = np.polyfit(logit(known.probability), logit(known.probability) + noise, 1)
    assert (figures.slope, figures.intercept) == (pytest.approx(slope, abs=1e-5), pytest.approx(intercept, abs=1e-5))


def test_by_hand():
    """Right on 0.8, wrong on 0.3 (so 0.3 is what it earns), undecided on 0.9."""
    figures = against_truth([[2.0, 1.0], [2.0, 1.0], [1.0, 1.0]], truth([0.8, 0.3, 0.9]))
    assert figures.expected_accuracy == pytest.approx((0.8 + 0.3 + 0.5) / 3)
    predicted = 1 / (1 + np.exp(-1))  # 0.731: both in one bin, whose true mean is 0.55
    assert figures.ece == pytest.approx((2 * abs(predicted - 0.55) + abs(0.5 - 0.9)) / 3)
    assert figures.mean_absolute_error == pytest.approx((abs(predicted - 0.8) + abs(predicted - 0.3) + 0.4) / 3)


def test_pairs_weigh_what_they_are_likely_to_be_no_tie():
    """Win 2/3 and tie 1/6: 4/5 without ties, weight 5/6; win 0.2 and tie 0.5: 2/5 without ties, weight 1/2."""
    figures = against_truth(scores([1.0, 1.0]), truth([0.75, 0.45], [1 / 6, 0.5]))
    assert figures.expected_accuracy == pytest.approx((5 / 6 * 0.8 + 0.5 * 0.4) / (5 / 6 + 0.5))


def test_swapping_all_sides_turns_the_intercept_alone(known):
    margin = 0.7 * logit(known.probability) + np.random.default_rng(2).normal(size=400)
    one, other = against_truth(scores(margin), known), against_truth(scores(-margin), truth(1 - known.probability))
    for name in ("expected_accuracy", "ece", "mean_absolute_error", "slope"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-9), name
    assert one.intercept == pytest.approx(-other.intercept, abs=1e-6)


def test_the_line_ignores_what_is_almost_certain():
    probability = np.array([0.2, 0.6, 0.7, 1.0, 0.0, 1 / (1 + np.exp(-LARGEST_LOGIT - 0.1))])
    margin = np.array([*logit(probability[:3]), 1.0, 1.0, 1.0])
    figures = against_truth(scores(margin), truth(probability))
    assert (figures.slope, figures.slope_pairs) == (pytest.approx(1, abs=1e-5), 3)


@pytest.mark.parametrize("probability", [[0.7], [0.7, 0.7], [1.0, 0.0]])
def test_no_line_through_one_place(probability):
    figures = against_truth(scores([1.0] * len(probability)), truth(probability))
    assert (figures.slope, figures.intercept) == (None, None)


def test_all_scores_equal_is_a_coin():
    figures = against_truth(scores([0.0, 0.0]), truth([0.9, 0.5]))
    assert (figures.expected_accuracy, figures.ece) == (0.5, pytest.approx(0.2))


def test_bins_hold_their_lower_end_and_the_last_one_both():
    edges = np.arange(BINS + 1) / BINS
    assert calibration_error(edges, edges) == 0
    assert calibration_error([1 - 1e-9, 1.0], [1.0, 0.0]) == pytest.approx(0.5)  # one bin: means 1 and 0.5
    assert calibration_error([2 / 3, 2 / 3 - 1e-9], [1.0, 1 / 3]) == pytest.approx(1 / 3)  # two bins


def test_the_error_is_that_of_a_loop(known):
    rng = np.random.default_rng(3)
    predicted = rng.uniform(size=400)
    expected = 0.0
    for bin_ in range(BINS):
        inside = (predicted >= bin_ / BINS) & (predicted < (bin_ + 1) / BINS)
        if inside.any():
            expected += inside.mean() * abs(predicted[inside].mean() - known.probability[inside].mean())
    assert calibration_error(predicted, known.probability) == pytest.approx(expected)


def test_one_score_a_pair(known):
    with pytest.raises(ValueError, match="expected scores of 400 pairs, got 3"):
        against_truth(scores([1.0, 2.0, 3.0]), known)
