import numpy as np
import pytest
from scipy import stats

from rmexp.analysis.paired import paired
from rmexp.statistics.bootstrap import bootstrap_means


@pytest.fixture
def sample():
    rng = np.random.default_rng(0)
    credit = rng.choice([0.0, 0.5, 1.0], (80, 2), p=[0.3, 0.1, 0.6])
    return credit, (rng.uniform(size=80) < 0.9).astype(float), rng.exponential(size=(80, 2))


def compared(credit, weight, nll):
    counted = np.stack([weight, weight, np.ones_like(weight), np.ones_like(weight)], axis=1)
    draws = bootstrap_means(np.hstack([credit, nll]), counted, np.arange(len(credit)), 500, 0)
    return paired(credit, weight, nll, draws), draws


def test_counts_and_differences(sample):
    credit, weight, nll = sample
    found, draws = compared(*sample)
    kept = credit[weight > 0]
    pairs = kept.tolist()
    assert (found.both_right, found.both_wrong) == (pairs.count([1, 1]), pairs.count([0, 0]))
    assert found.first_alone == sum(pairs.count(two) for two in ([1, 0], [1, 0.5], [0.5, 0]))
    assert found.n == sum((found.both_right, found.both_wrong, found.first_alone, found.second_alone)) + pairs.count(
        [0.5, 0.5]
    )
    discordant = found.first_alone + found.second_alone
    assert found.mcnemar_p == pytest.approx(stats.binomtest(found.first_alone, discordant).pvalue)
    assert found.difference == pytest.approx(kept[:, 0].mean() - kept[:, 1].mean())
    assert found.nll_difference == pytest.approx(nll[:, 0].mean() - nll[:, 1].mean())
    assert found.difference_low == pytest.approx(np.quantile(draws[:, 0] - draws[:, 1], 0.025))
    assert found.nll_difference_low < found.nll_difference < found.nll_difference_high


def test_a_scorer_equals_itself(sample):
    credit, weight, nll = sample
    found, _ = compared(credit[:, [0, 0]], weight, nll[:, [0, 0]])
    assert (found.difference, found.difference_low, found.difference_high) == (0, 0, 0)
    assert (found.bootstrap_p, found.mcnemar_p) == (1, 1)


def test_the_paired_interval_is_narrower_where_scorers_agree(sample):
    credit, weight, nll = sample
    alike = np.stack([credit[:, 0], credit[:, 0]], axis=1)
    alike[:4, 1] = 1 - alike[:4, 1]
    close, apart = compared(alike, weight, nll)[0], compared(credit, weight, nll)[0]
    assert close.difference_high - close.difference_low < apart.difference_high - apart.difference_low


def test_without_a_preference_nothing_is_said(sample):
    credit, weight, nll = sample
    found, _ = compared(credit, 0 * weight, nll)
    assert (found.n, found.difference, found.difference_low, found.mcnemar_p) == (0, None, None, 1.0)
