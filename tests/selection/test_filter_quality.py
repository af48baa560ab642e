import itertools

import numpy as np
import pytest
from sklearn.metrics import precision_score, recall_score, roc_auc_score

from rmexp.selection.filter_quality import filter_quality

ALONE = np.arange(400)


@pytest.fixture
def case():
    rng = np.random.default_rng(0)
    flipped = rng.random(400) < 0.2
    margin = rng.normal(size=400).round(1) + 1 - 1.5 * flipped
    return flipped, margin


def test_figures_equal_those_of_scikit_learn(case):
    flipped, margin = case
    found = filter_quality(flipped, margin >= 0, margin, ALONE)
    assert found.precision.value == pytest.approx(precision_score(flipped, margin < 0))
    assert found.recall.value == pytest.approx(recall_score(flipped, margin < 0))
    assert found.auroc == pytest.approx(roc_auc_score(flipped, -margin))
    assert found.flipped.value == pytest.approx(flipped.mean())
    assert found.left.value == pytest.approx(flipped[margin >= 0].mean())


def test_pairs_of_one_prompt_that_err_alike_tell_less(case):
    flipped, margin = case
    twice = [np.repeat(values, 2) for values in (flipped, margin >= 0, margin)]
    alone, copies = filter_quality(flipped, margin >= 0, margin, ALONE), filter_quality(*twice, np.repeat(ALONE, 2))
    for name in ("flipped", "precision", "recall", "left"):
        one, two = getattr(alone, name), getattr(copies, name)
        assert two.value == one.value
        assert (two.low, two.high) == pytest.approx((one.low, one.high), abs=0.005), "copies tell nothing new"


def test_of_equal_margins_some_are_dropped_by_lot_not_by_their_place():
    wrong, margin = np.arange(100) < 20, np.repeat([0.0, 1.0], [40, 60])
    curve = filter_quality(wrong, margin > 0, margin, np.arange(100)).curve
    assert {round(point.precision, 9) for point in curve if point.dropped <= 0.4} == {0.5}
    assert {point.recall for point in curve if point.dropped >= 0.4} == {1.0}


def test_the_curve_ends_with_all_found(case):
    flipped, margin = case
    margin = margin + 1e-9 * np.arange(400)  # none are equal
    curve = filter_quality(flipped, margin >= 0, margin, ALONE).curve
    assert curve[-1].dropped == curve[-1].recall == 1
    assert curve[-1].precision == pytest.approx(flipped.mean())
    assert all(a.recall <= b.recall for a, b in itertools.pairwise(curve))
    at = next(point for point in curve if point.dropped >= 0.25)
    order = np.argsort(margin, kind="stable")[: round(at.dropped * 400)]
    assert at.precision == pytest.approx(flipped[order].mean())


def test_nothing_wrong_or_nothing_dropped():
    found = filter_quality([False] * 4, [True] * 4, [1.0, 2.0, 3.0, 4.0], np.arange(4))
    assert (found.precision.value, found.recall.value, found.auroc, found.curve) == (None, None, None, ())
