import itertools

import numpy as np
import pytest
from sklearn.metrics import precision_score, recall_score, roc_auc_score

from rmexp.selection.filter_quality import auroc, filter_quality


@pytest.fixture
def case():
    rng = np.random.default_rng(0)
    flipped = rng.random(400) < 0.2
    margin = rng.normal(size=400).round(1) + 1 - 1.5 * flipped
    return flipped, margin


def test_figures_equal_those_of_scikit_learn(case):
    flipped, margin = case
    found = filter_quality(flipped, margin >= 0, margin)
    assert found.precision.value == pytest.approx(precision_score(flipped, margin < 0))
    assert found.recall.value == pytest.approx(recall_score(flipped, margin < 0))
    assert found.auroc == pytest.approx(roc_auc_score(flipped, -margin))
    assert found.flipped.value == pytest.approx(flipped.mean())
    assert found.left.value == pytest.approx(flipped[margin >= 0].mean())


def test_delongs_interval_is_as_wide_as_the_spread_of_simulated_values():
    rng = np.random.default_rng(1)
    values, widths = [], []
    for _ in range(400):
        wrong = np.arange(150) < 40
        low, value, high = auroc(rng.normal(size=150) + wrong, wrong)
        values.append(value)
        widths.append((high - low) / (2 * 1.96))
    assert np.mean(widths) == pytest.approx(np.std(values), rel=0.12)


def test_the_curve_ends_with_all_found(case):
    flipped, margin = case
    curve = filter_quality(flipped, margin >= 0, margin).curve
    assert curve[-1].dropped == curve[-1].recall == 1
    assert curve[-1].precision == pytest.approx(flipped.mean())
    assert all(a.recall <= b.recall for a, b in itertools.pairwise(curve))
    at = next(point for point in curve if point.dropped >= 0.25)
    order = np.argsort(margin, kind="stable")[: round(at.dropped * 400)]
    assert at.precision == pytest.approx(flipped[order].mean())


def test_nothing_wrong_or_nothing_dropped():
    found = filter_quality([False] * 4, [True] * 4, [1.0, 2.0, 3.0, 4.0])
    assert (found.precision.value, found.recall.value, found.auroc, found.curve) == (None, None, None, ())
