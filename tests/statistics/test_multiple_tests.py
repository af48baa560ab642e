import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from rmexp.statistics.multiple_tests import holm


@pytest.mark.parametrize("count", [1, 12])
def test_holm_adjusts_as_statsmodels_does(count):
    p_values = np.random.default_rng(count).uniform(size=count) ** 3
    assert holm(p_values.tolist()) == pytest.approx(multipletests(p_values, method="holm")[1].tolist())


def test_holm_of_nothing():
    assert holm([]) == []
