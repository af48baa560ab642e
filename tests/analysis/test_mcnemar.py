import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as reference
from statsmodels.stats.multitest import multipletests

from rmexp.analysis.mcnemar import holm, mcnemar


@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 1), (3, 3), (12, 4), (40, 71), (5000, 5200)])
def test_exact_p_value(first, second):
    table = [[7, first], [second, 11]]
    if first + second:
        assert mcnemar(first, second) == pytest.approx(reference(table, exact=True).pvalue)
        assert mcnemar(first, second) == pytest.approx(stats.binomtest(first, first + second).pvalue)
    assert mcnemar(first, second) == mcnemar(second, first) <= 1


@pytest.mark.parametrize("count", [1, 2, 7, 40])
def test_holm_adjusts_as_statsmodels_does(count):
    p_values = np.random.default_rng(count).uniform(size=count) ** 3
    assert holm(p_values.tolist()) == pytest.approx(multipletests(p_values, method="holm")[1].tolist())


def test_holm_of_nothing():
    assert holm([]) == []
