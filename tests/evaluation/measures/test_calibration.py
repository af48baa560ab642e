from dataclasses import asdict

import numpy as np
import pytest
from scipy.special import expit
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from rmexp.evaluation.measures.calibration import (
    BINS,
    calibration,
    expected_calibration_error,
    reliability,
    temperature,
)


@pytest.fixture
def sample():
    """Margins three times too large, labels listed on either side."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=3000)
    return 3 * logits, (rng.uniform(size=3000) < expit(logits)).astype(float)


def test_brier_is_that_of_sklearn(sample):
    margins, target = sample
    assert calibration(margins, target).brier == pytest.approx(brier_score_loss(target, expit(margins)))


def test_bins_are_those_of_sklearn(sample):
    margins, target = sample
    confidence, right = expit(np.abs(margins)), (margins > 0) == (target > 0.5)
    accuracy, mean = calibration_curve(right, 2 * confidence - 1, n_bins=BINS)
    bins = reliability(margins, target)
    assert [place.accuracy for place in bins if place.n] == pytest.approx(accuracy)
    assert [2 * place.confidence - 1 for place in bins if place.n] == pytest.approx(mean)
    assert sum(place.n for place in bins) == 3000
    counts = np.array([place.n for place in bins if place.n])
    expected = (counts * np.abs(accuracy - (mean + 1) / 2)).sum() / 3000
    assert calibration(margins, target).ece == pytest.approx(expected)


def test_the_temperature_is_that_of_a_logistic_regression(sample):
    margins, target = sample
    model = LogisticRegression(C=1e10, fit_intercept=False, tol=1e-9).fit(margins[:, None], target)
    found = calibration(margins, target)
    assert found.temperature == pytest.approx(1 / model.coef_[0, 0], rel=1e-4)
    assert found.temperature == pytest.approx(3, rel=0.1)
    assert found.nll_at_temperature == pytest.approx(np.logaddexp(0, -margins / 3 * (2 * target - 1)).mean(), rel=1e-3)


def test_swapping_the_sides_changes_nothing(sample):
    margins, target = sample
    swap = np.arange(len(target)) % 2 == 0
    swapped = asdict(calibration(np.where(swap, -margins, margins), np.where(swap, 1 - target, target)))
    assert swapped == pytest.approx(asdict(calibration(margins, target)))


def test_too_much_confidence_is_told_from_too_little(sample):
    margins, target = sample
    over, right, under = (calibration(margins / scale, target) for scale in (1, 3, 9))
    assert over.calibration_z > 5 > 2 > abs(right.calibration_z)
    assert under.calibration_z < -5
    assert over.calibration_p < 1e-6 < 0.05 < right.calibration_p
    assert over.ece > 4 * over.ece_if_calibrated
    assert right.ece < 2 * right.ece_if_calibrated


def test_what_is_expected_by_chance_is_what_simulations_give():
    rng = np.random.default_rng(2)
    margins = rng.normal(size=500)
    labels = (rng.uniform(size=(400, 500)) < expit(margins)).astype(float)
    simulated = np.array([calibration(margins, row).ece for row in labels])
    scores = np.array([calibration(margins, row).calibration_z for row in labels])
    assert calibration(margins, labels[0]).ece_if_calibrated == pytest.approx(simulated.mean(), rel=0.05)
    assert (scores.mean(), scores.std()) == (pytest.approx(0, abs=0.2), pytest.approx(1, abs=0.15))


def test_ties_and_equal_scores():
    bins = reliability([0.0, 0.0, 5.0], [1.0, 0.0, 0.5])
    assert (bins[0].n, bins[0].confidence, bins[0].accuracy, bins[-1].n) == (2, 0.5, 0.5, 0)
    assert expected_calibration_error(bins) == 0.0
    assert calibration([1.0], [0.5]).ece is None
    assert calibration([1.0], [0.7]).calibration_p is None  # a soft label is no draw


@pytest.mark.parametrize(
    ("margins", "target"),
    [([], []), ([0.0, 0.0], [1, 0]), ([1.0, 2.0], [1, 1]), ([1.0, -1.0], [0, 1]), ([1.0, -1.0], [0.5, 0.5])],
    ids=["none", "equal", "perfect", "worse than a coin", "ties"],
)
def test_no_temperature_where_none_is_best(margins, target):
    assert temperature(margins, target) is None


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_any_scale_of_rewards(sample, scale):
    margins, target = sample
    assert temperature(margins * scale, target) == pytest.approx(temperature(margins, target) * scale, rel=1e-9)


@pytest.mark.parametrize(("each", "spread"), [(1, 1.0), (1, 5.0), (1, 8.0), (6, 1.0), (6, 5.0), (6, 8.0)])
def test_margins_that_are_calibrated_are_seldom_said_not_to_be(each, spread):
    """Labels drawn from the margins, one a prompt for all of its pairs; of sure ones hardly any is wrong."""
    rng, said = np.random.default_rng(0), []
    for _ in range(400):
        margins = rng.normal(scale=spread, size=80)
        target = (rng.uniform(size=80) < expit(margins)).astype(float)
        found = calibration(np.repeat(margins, each), np.repeat(target, each), np.repeat(np.arange(80), each))
        said.append(found.calibration_p < 0.05)
    assert np.mean(said) < 0.05 + 2 * np.sqrt(0.05 / 400)


def test_margins_that_are_too_sure_are_found_whatever_prompts_they_are_of(sample):
    margins, target = sample
    assert calibration(margins[:600], target[:600], np.arange(600) // 3).calibration_p < 1e-3
    assert calibration(margins[:6], target[:6], np.zeros(6)).calibration_p is None, "which depend on each other"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [300.0, 700.0])
def test_margins_whose_doubt_has_no_square_are_calibrated(size):
    margins = np.array([size, -size] * 8)
    found = calibration(margins, (margins > 0).astype(float), np.arange(16) // 2)
    assert found.calibration_p == 1.0
