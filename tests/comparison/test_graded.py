import json
from dataclasses import asdict

import numpy as np
import pytest
from scipy.stats import kendalltau

from rmexp.comparison.graded import graded

LABELS = ("json", "text", "short")


def test_figures_by_hand():
    """Prompt 1: both order json > text > short. Prompt 2: explicit the same, implicit short > json = text."""
    explicit, implicit = [[3, 2, 1], [6, 2, 0]], [[9, 8, 7], [1, 1, 5]]
    figures = graded(LABELS, {"explicit": explicit, "implicit": implicit})
    assert figures.scorers["explicit"].means == {"json": 4.5, "text": 2.0, "short": 0.5}
    assert {label: won.value for label, won in figures.scorers["implicit"].first_wins.items()} == {
        "text": 0.75,
        "short": 0.5,
    }
    (both,) = figures.agreements
    assert (both.first, both.second, both.identical.value) == ("explicit", "implicit", 0.5)
    assert both.kendall == pytest.approx((1 + kendalltau([6, 2, 0], [1, 1, 5]).statistic) / 2)
    json.dumps(asdict(figures), allow_nan=False)


def test_a_shared_tie_is_an_identical_order_and_constant_scores_have_no_kendall():
    (both,) = graded(LABELS, {"a": [[1, 1, 1]], "b": [[2, 2, 2]]}).agreements
    assert (both.identical.value, both.kendall) == (1.0, None)


@pytest.mark.parametrize("scores", [{}, {"a": np.zeros((2, 3)), "b": np.zeros((1, 3))}, {"a": np.zeros((2, 2))}])
def test_scores_of_another_shape_are_refused(scores):
    with pytest.raises(ValueError, match="must give the same"):
        graded(LABELS, scores)
