import numpy as np
import pytest

from rmexp.evaluation.measures.margins import QUANTILES, margin_distribution, towards_label


def test_figures_are_of_margins_towards_the_label():
    rng = np.random.default_rng(0)
    margins, target = rng.normal(size=99), rng.choice([0.0, 0.5, 1.0], 99)
    towards = [m if t > 0.5 else -m for m, t in zip(margins, target, strict=True) if t != 0.5]
    found = margin_distribution(margins, target)
    assert (found.margin_mean, found.margin_sd) == (pytest.approx(np.mean(towards)), pytest.approx(np.std(towards)))
    assert found.margin_quantiles == pytest.approx(tuple(np.quantile(towards, QUANTILES)))


def test_without_a_preference_there_is_none():
    assert margin_distribution([1.0], [0.5]).margin_quantiles is None


def test_towards_the_label_ties_have_none():
    found = towards_label(np.array([1.0, 1.0, 4.0]), np.array([1.0, 0.0, 0.5]))
    assert found[:2].tolist() == [1.0, -1.0]
    assert np.isnan(found[2])
