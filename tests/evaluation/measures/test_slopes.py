import numpy as np
import pytest
import statsmodels.api as sm

from rmexp.evaluation.measures.slopes import least_squares, reward_slopes


@pytest.fixture
def sample():
    rng = np.random.default_rng(0)
    n = 600
    characters, markdown = rng.integers(20, 900, (n, 2)), rng.integers(0, 9, (n, 2))
    target, clusters = rng.choice([0.0, 1.0, 0.5], n), rng.integers(0, 90, n)
    doublings = np.log2(characters[:, 0] / characters[:, 1])
    marks = markdown[:, 0] - markdown[:, 1]
    margin = 2 * np.sign(target - 0.5) + 0.7 * doublings - 0.2 * marks + 0.4 + rng.normal(size=n)
    return margin, target, characters, markdown, clusters


def test_slopes_and_intervals_are_those_of_statsmodels(sample):
    margin, target, characters, markdown, clusters = sample
    design = np.stack(
        [np.log2(characters[:, 0] / characters[:, 1]), markdown[:, 0] - markdown[:, 1], np.sign(target - 0.5)], axis=1
    )
    fit = sm.OLS(margin, sm.add_constant(design, prepend=False)).fit(
        cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True
    )
    found = reward_slopes(*sample)
    for name, index in (("length", 0), ("markdown", 1), ("position", 3)):
        assert found[name].value == pytest.approx(fit.params[index])
        assert (found[name].low, found[name].high) == pytest.approx(tuple(fit.conf_int()[index]))
        assert found[name].relative == pytest.approx(fit.params[index] / margin.std())


def test_what_was_put_in_comes_out(sample):
    found = reward_slopes(*sample)
    for name, value in (("length", 0.7), ("markdown", -0.2), ("position", 0.4)):
        assert found[name].low < value < found[name].high


def test_a_scorer_that_only_knows_the_label_pays_for_nothing_else(sample):
    _, _, characters, markdown, clusters = sample
    longer_is_better = (characters[:, 0] > characters[:, 1]).astype(float)
    found = reward_slopes(3 * np.sign(longer_is_better - 0.5), longer_is_better, characters, markdown, clusters)
    assert found["length"].value == pytest.approx(0, abs=1e-9)


def test_what_cannot_be_told_is_none(sample):
    margin, _, characters, markdown, clusters = sample
    found = reward_slopes(margin, np.ones_like(margin), characters, np.zeros_like(markdown), clusters)
    assert found["position"] is None  # the preferred one is always first
    assert found["markdown"] is None
    assert found["length"].low is not None
    assert reward_slopes([1.0], [1.0], [[1, 2]], [[0, 0]], np.array([0])) == dict.fromkeys(
        ("length", "markdown", "position")
    )
    alone = reward_slopes(margin, np.ones_like(margin), characters, markdown, np.zeros(len(margin)))
    assert (alone["length"].low, alone["length"].high) == (None, None)


def test_columns_that_say_the_same_have_no_slopes():
    column = np.arange(5.0)
    assert least_squares(column, {"a": column, "b": 2 * column}, np.arange(5)) == {}


def test_no_more_clusters_than_columns_leave_no_interval(sample):
    """The sums of two clusters are of rank one: some combination of columns would have an interval of no width."""
    margin, target, characters, markdown, _ = sample
    for few in (2, 3, 4):
        found = reward_slopes(margin, target, characters, markdown, np.arange(len(margin)) % few)
        assert {(slope.low, slope.high) for slope in found.values()} == {(None, None)}
    assert reward_slopes(margin, target, characters, markdown, np.arange(len(margin)) % 5)["length"].low is not None


def test_margins_that_are_all_the_same_have_no_deviations_to_be_told_in(sample):
    _, target, characters, markdown, clusters = sample
    found = reward_slopes(np.full(len(target), 0.3), target, characters, markdown, clusters)
    assert found["position"].relative == pytest.approx(0.3)
    assert found["length"].relative == pytest.approx(0, abs=1e-12)
