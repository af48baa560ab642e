import json
from dataclasses import asdict

import numpy as np
import pytest
from scipy import stats

from rmexp.comparison.agreement import agreement
from rmexp.statistics.mcnemar import mcnemar


def test_counts_by_hand():
    """Explicit right, right, wrong, wrong, tie; implicit right, wrong, right, wrong, tie: a shared tie agrees."""
    explicit = [[2, 1], [2, 1], [1, 2], [1, 2], [1, 1]]
    implicit = [[5, 0], [0, 5], [5, 0], [0, 5], [3, 3]]
    figures = agreement(explicit, implicit, np.ones(5))
    assert (figures.both_right, figures.only_explicit, figures.only_implicit, figures.both_wrong) == (1, 1, 1, 2)
    assert figures.same_order == 3 / 5
    assert figures.mcnemar_p == 1.0


def test_a_tie_against_an_order_is_no_agreement_and_not_right():
    figures = agreement([[1, 1]], [[2, 1]], [1.0])
    assert (figures.same_order, figures.only_implicit) == (0.0, 1)


def test_correlations_are_those_of_scipy_on_oriented_pairs():
    rng = np.random.default_rng(0)
    explicit = rng.normal(size=(60, 2)).astype(np.float32)
    implicit = (explicit + rng.normal(size=(60, 2))).astype(np.float32)
    target = rng.choice([0.0, 1.0, 0.5], 60)
    keep, swap = target != 0.5, (target < 0.5)[:, None]
    a, b = (np.where(swap, scores[:, ::-1], scores)[keep] for scores in (explicit, implicit))
    figures = agreement(explicit, implicit, target)
    assert (figures.pairs, figures.label_ties) == (keep.sum(), 60 - keep.sum())
    assert figures.spearman == pytest.approx(stats.spearmanr(a.ravel(), b.ravel()).statistic)
    assert figures.kendall == pytest.approx(stats.kendalltau(a.ravel(), b.ravel()).statistic)
    assert figures.spearman_chosen == pytest.approx(stats.spearmanr(a[:, 0], b[:, 0]).statistic)
    assert figures.kendall_rejected == pytest.approx(stats.kendalltau(a[:, 1], b[:, 1]).statistic)
    assert figures.spearman_margin == pytest.approx(stats.spearmanr(a[:, 0] - a[:, 1], b[:, 0] - b[:, 1]).statistic)
    assert figures.both_right + figures.only_explicit + figures.only_implicit + figures.both_wrong == figures.pairs


def test_two_separated_classes_in_random_order_pool_to_three_quarters():
    """Ranks in classes of n: sum of d^2 is 2 x n^3/6 in expectation against (2n)^3/6 in all, so 1 - 2/8 = 0.75."""
    rng = np.random.default_rng(0)
    classes = np.array([10.0, -10.0])
    figures = agreement(rng.random((4000, 2)) + classes, rng.random((4000, 2)) + classes, np.ones(4000))
    assert figures.spearman == pytest.approx(0.75, abs=0.01)
    assert figures.spearman_chosen == pytest.approx(0, abs=0.05)
    assert figures.spearman_rejected == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize(("first", "second", "expected"), [(0, 0, 1.0), (0, 5, 2 / 32), (1, 5, 14 / 64), (4, 4, 1.0)])
def test_mcnemar_by_hand(first, second, expected):
    """1 and 5: twice (C(6,0) + C(6,1)) / 2^6 = 14/64."""
    assert mcnemar(first, second) == pytest.approx(expected)


def test_undefined_figures_are_none():
    one = agreement([[1, 0]], [[1, 0]], [1.0])
    assert (one.spearman, one.spearman_chosen, one.spearman_margin) == (pytest.approx(1.0), None, None)
    none = agreement(np.empty((0, 2)), np.empty((0, 2)), [])
    assert (none.pairs, none.same_order, none.kendall, none.mcnemar_p) == (0, None, None, 1.0)
    json.dumps([asdict(one), asdict(none)], allow_nan=False)


def test_different_numbers_of_pairs_are_refused():
    with pytest.raises(ValueError, match="got 1 explicit and 2 implicit"):
        agreement([[1, 0]], [[1, 0], [1, 0]], [1.0])
