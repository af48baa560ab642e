"""The interval of an area under the ROC curve, against areas whose truth is known."""

import math

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from rmexp.statistics.auroc import auroc

DRAWS = 300
MISSED = 0.05 + 2 * math.sqrt(0.05 * 0.95 / DRAWS)  # as two standard deviations of the simulation allow


def far(truth):
    """Distance of two normal classes of which one is above the other with this probability."""
    return math.sqrt(2) * norm.ppf(truth)


def test_it_is_that_of_scikit_learn_with_equal_scores_too():
    rng = np.random.default_rng(0)
    scores, positive = rng.normal(size=200).round(1), rng.random(200) < 0.3
    assert auroc(scores, positive, np.arange(200)).value == pytest.approx(roc_auc_score(positive, scores))


@pytest.mark.parametrize("truth", [0.5, 0.8, 0.95, 0.99])
@pytest.mark.parametrize(("positives", "negatives"), [(5, 60), (20, 80), (8, 8)])
def test_the_interval_holds_the_truth_near_the_end_too(truth, positives, negatives):
    rng, missed = np.random.default_rng(1), 0
    positive, clusters = np.arange(positives + negatives) < positives, np.arange(positives + negatives)
    for _ in range(DRAWS):
        found = auroc(rng.normal(size=len(positive)) + far(truth) * positive, positive, clusters)
        missed += not found.low <= truth <= found.high
    assert missed / DRAWS <= MISSED


@pytest.mark.parametrize("truth", [0.5, 0.8, 0.95])
def test_the_interval_holds_the_truth_where_pairs_of_a_prompt_err_alike(truth):
    """Thirty prompts of four pairs, wrong together, with margins that have most of their variance in common."""
    rng, clusters, missed, without = np.random.default_rng(2), np.repeat(np.arange(30), 4), 0, 0
    for _ in range(DRAWS):
        positive = (np.arange(30) < rng.binomial(28, 0.3) + 1)[clusters]
        scores = np.sqrt(0.7) * rng.normal(size=30)[clusters] + np.sqrt(0.3) * rng.normal(size=120)
        found = [auroc(scores + far(truth) * positive, positive, one) for one in (clusters, np.arange(120))]
        outside = [not area.low <= truth <= area.high for area in found]
        missed, without = missed + outside[0], without + outside[1]
    assert missed / DRAWS <= MISSED
    assert without / DRAWS > 2 * MISSED or truth > 0.9, "which pairs taken for independent do not"


def test_classes_that_are_apart_have_no_sure_area():
    """All of five above all of five: by method 5 the lower end A has (1 - A)^2 = z^2 times its variance."""
    found = auroc(np.arange(10), np.arange(10) >= 5, np.arange(10))
    assert (found.value, found.high) == (1, 1)
    a = found.low
    variance = a * (1 - a) * (1 + 4 * ((1 - a) / (2 - a) + a / (1 + a))) / 25
    assert (1 - a) ** 2 == pytest.approx(1.959964**2 * variance, rel=1e-6)
    turned = auroc(-np.arange(10), np.arange(10) >= 5, np.arange(10))
    assert (turned.low, turned.value, turned.high) == pytest.approx((0, 0, 1 - a))


def test_where_there_is_nothing_to_tell():
    assert auroc([1.0, 2.0], [True, True], np.arange(2)) is None
    assert auroc([1.0, 2.0], [True, False], np.zeros(2, int)) == (0.0, None, None)
