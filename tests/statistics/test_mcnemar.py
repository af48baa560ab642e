import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as reference

from rmexp.statistics.mcnemar import mcnemar


@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 1), (3, 3), (12, 4), (40, 71), (5000, 5200)])
def test_exact_p_value(first, second):
    table = [[7, first], [second, 11]]
    if first + second:
        assert mcnemar(first, second) == pytest.approx(reference(table, exact=True).pvalue)
        assert mcnemar(first, second) == pytest.approx(stats.binomtest(first, first + second).pvalue)
    assert mcnemar(first, second) == mcnemar(second, first) <= 1
