"""The statistics together, where the truth is known: intervals cover it, tests keep their level."""

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from rmexp.evaluation.judge import judge
from rmexp.evaluation.measures.against_truth import against_truth
from rmexp.evaluation.measures.calibration import calibration
from rmexp.evaluation.measures.ceiling import ceiling, truth_of
from rmexp.evaluation.measures.usable_information import pair_nll
from rmexp.evaluation.scores import Scores
from rmexp.evaluation.test_set import Origin, as_test_set
from rmexp.sources.synthetic import synthetic
from rmexp.sources.synthetic_family import synthetic_family
from rmexp.statistics.mcnemar import mcnemar
from rmexp.statistics.means import clustered_difference, clustered_mean
from rmexp.statistics.multiple_tests import holm
from rmexp.statistics.shares import clustered_share, wilson

EVALUATIONS = 1000
FAMILY = {
    "attributes": 24, "distractors": 0, "sentences": [2, 6], "weight_seed": 0, "prompt_dependence": 0.0,
    "group_agreement": 0.5, "group_in_prompt": False,
}  # fmt: skip


def covered(bounds, truth):
    low, high = np.array(bounds, dtype=float).T
    return float(((low <= truth) & (truth <= high)).mean())


def test_wilsons_interval_covers_the_accuracy_of_independent_pairs():
    right = np.random.default_rng(0).binomial(400, 0.77, EVALUATIONS)
    assert 0.93 <= covered([wilson(successes, 400) for successes in right.tolist()], 0.77) <= 0.97


@pytest.fixture(scope="module")
def clustered():
    """Evaluations of 120 prompts with 4 pairs each, easy and hard prompts among them, by a calibrated scorer."""
    rng = np.random.default_rng(1)
    clusters = np.repeat(np.arange(120), 4)
    prompts = rng.normal(0.8, 1.5, (EVALUATIONS, 120))  # log-odds that all pairs of a prompt share
    margins = np.repeat(prompts, 4, axis=1)
    labels = (rng.uniform(size=margins.shape) < expit(margins)).astype(float)
    credit = ((margins > 0) == (labels > 0.5)).astype(float)
    nll = pair_nll(margins, labels)
    density = stats.norm(0.8, 1.5).pdf
    accuracy = integrate.quad(lambda m: expit(abs(m)) * density(m), -12, 12)[0]
    loss = integrate.quad(
        lambda m: -(expit(m) * np.log(expit(m)) + expit(-m) * np.log(expit(-m))) * density(m), -12, 12
    )
    return clusters, credit, nll, accuracy, loss[0]


def test_intervals_by_prompt_cover_where_its_pairs_are_alike_and_wilsons_does_not(clustered):
    clusters, credit, nll, accuracy, loss = clustered
    losses = [clustered_mean(one, clusters) for one in nll]
    assert 0.93 <= covered([(one.low, one.high) for one in losses], loss) <= 0.97
    found = [clustered_share(one, clusters) for one in credit]
    assert 0.93 <= covered([(share.low, share.high) for share in found], accuracy) <= 0.97
    assert covered([wilson(one.sum(), len(one)) for one in credit], accuracy) < 0.93


@pytest.fixture(scope="module")
def equals():
    """Two scorers that are right equally often, on 300 pairs in five slices."""
    rng = np.random.default_rng(2)
    hard = rng.uniform(size=(EVALUATIONS, 300, 1)) < 0.5  # what both of them share
    return np.where(hard, rng.uniform(size=(EVALUATIONS, 300, 2)) < 0.6, True).astype(float)


def counts(credit):
    first, second = credit[..., 0], credit[..., 1]
    return (first > second).sum(axis=-1), (second > first).sum(axis=-1)


def test_mcnemar_finds_no_more_than_five_per_cent_differences_where_there_are_none(equals):
    p_values = np.array([mcnemar(int(a), int(b)) for a, b in zip(*counts(equals), strict=True)])
    assert 0.02 < (p_values <= 0.05).mean() <= 0.05


def test_nor_does_the_smallest_of_five_adjusted_values(equals):
    first, second = counts(equals.reshape(EVALUATIONS, 5, 60, 2))
    plain = [[mcnemar(int(a), int(b)) for a, b in zip(*row, strict=True)] for row in zip(first, second, strict=True)]
    assert np.mean([min(holm(row)) <= 0.05 for row in plain]) <= 0.05
    assert np.mean([min(row) <= 0.05 for row in plain]) > 0.07  # without the adjustment


def test_the_difference_by_prompt_has_the_level_that_it_says(equals):
    found = [clustered_difference(one[:, 0], one[:, 1], np.arange(300)) for one in equals]
    assert 0.03 <= np.mean([one.p <= 0.05 for one in found]) <= 0.07


@pytest.fixture(scope="module")
def data():
    sizes = {"pairs": 6000, "val_pairs": 1, "test_pairs": 4000, "seed": 0}
    labels = {"temperature": 0.35, "ties": 0.0, "length_bias": 0.0, "group_temperatures": []}
    return synthetic(**FAMILY, **sizes, **labels).splits


@pytest.fixture(scope="module")
def trained(data):
    """Scores of the test pairs by a Bradley-Terry model fitted to the sentences of the training pairs."""
    family = synthetic_family(**FAMILY, groups=1)

    def features(records):
        return np.array([[family.read(text).counts for text in record.responses] for record in records]).clip(max=1)

    train, test = features(data["train"]), features(data["test"])
    sign = np.where(np.arange(len(train)) % 2, 1, -1)
    fit = LogisticRegression(fit_intercept=False).fit((train[:, 0] - train[:, 1]) * sign[:, None], sign > 0)
    return test @ fit.coef_[0]


def figures_of(records, scores):
    test = as_test_set(Origin("synthetic", "test"), records)
    return judge(test, {"model": Scores(scores, log_odds=True)}).of("model")


def test_a_bayes_scorer_has_the_ceilings_accuracy_and_no_calibration_error(data):
    records = data["test"]
    truth = truth_of(records)
    margin, target = logit(truth.probability), np.array([record.target for record in records])
    figures, best = figures_of(records, np.stack([margin, 0 * margin], axis=1)), ceiling(truth, target)
    assert figures.accuracy.low < best.bayes_accuracy < figures.accuracy.high
    assert figures.probabilities.nll.value == pytest.approx(best.bayes_nll, abs=0.03)
    found = calibration(margin, target)
    assert found.calibration_p > 0.01
    assert found.ece < 2 * found.ece_if_calibrated
    assert found.temperature == pytest.approx(1, abs=0.1)


def test_a_trained_model_is_as_good_as_it_says_and_not_better_than_possible(data, trained):
    records = data["test"]
    truth, target = truth_of(records), np.array([record.target for record in records])
    figures, best = figures_of(records, trained), ceiling(truth, target)
    margin = trained[:, 0] - trained[:, 1]
    assert figures.accuracy.low < expit(np.abs(margin)).mean() < figures.accuracy.high
    assert against_truth(trained, truth).expected_accuracy < best.bayes_accuracy
    assert best.bayes_accuracy - 0.02 < figures.accuracy.value < figures.accuracy.high
    assert best.bayes_nll < figures.probabilities.nll.value < best.bayes_nll + 0.03
