"""Figures of made pairs against ones worked out pair by pair, by statsmodels, scikit-learn and scipy."""

import math
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from sklearn.metrics import brier_score_loss, log_loss
from statsmodels.stats.multitest import multipletests

from rmexp.evaluation.judge import judge
from rmexp.evaluation.scores import Scores, scores_of
from rmexp.evaluation.slices import Slicing
from rmexp.evaluation.test_set import Origin, as_test_set
from rmexp.records import Candidates, Preference

SLICES = [None, "meta.part=b", "length=shorter_chosen"]


def column(values, *, log_odds=True, rule=False):
    return Scores(np.asarray(values, dtype=float), log_odds, rule)


@pytest.fixture(scope="module")
def sample():
    """400 pairs of 80 prompts in four parts; one scorer that knows something, one that knows less, and two rules."""
    rng = np.random.default_rng(0)
    target = rng.choice([0.0, 0.5, 1.0], 400, p=[0.4, 0.1, 0.5])
    records = [
        Preference(f"p{i % 80}", "x" * int(rng.integers(1, 50)) + "a", "y" * int(rng.integers(1, 50)), t,
                   meta={"part": "abcd"[i % 4]}, id=str(i))
        for i, t in enumerate(target.tolist())
    ]  # fmt: skip
    towards = np.stack([target - 0.5, 0.5 - target], axis=1)
    of_prompt = np.resize(rng.normal(size=(80, 1)), (400, 1)) * towards  # what pairs of a prompt have in common
    good, weak = 2 * towards + 2 * of_prompt + rng.normal(size=(400, 2)), rng.normal(size=(400, 2)).round(0)
    longer = np.array([[len(record.chosen), len(record.rejected)] for record in records])
    scores = {
        "good": column(good.astype(np.float32)), "weak": column(weak),
        "longer": column(longer, log_odds=False, rule=True), "shorter": column(-longer, log_odds=False, rule=True),
    }  # fmt: skip
    test = as_test_set(Origin("set", "val"), records, Slicing(["meta.part"], by_length=True))
    return test, scores, judge(test, scores)


def by_hand(test, scores, part):
    """Credit, log-loss, squared error and prompt of each pair of a slice, one pair at a time."""
    rows = []
    for inside, record, (first, second) in zip(test.slices[part], test.records, scores.values.tolist(), strict=True):
        if not inside:
            continue
        p = 1 / (1 + math.exp(second - first))
        right = 0.5 if first == second else float((first > second) == (record.target > 0.5))
        nll = -record.target * math.log(p) - (1 - record.target) * math.log(1 - p)
        rows.append((None if record.target == 0.5 else right, nll, (p - record.target) ** 2, record.prompt))
    return rows


@pytest.mark.parametrize("part", SLICES)
@pytest.mark.parametrize("name", ["good", "weak"])
def test_a_slice_has_the_figures_of_its_pairs_alone(sample, name, part):
    test, scores, judgement = sample
    found, rows = judgement.of(name, part), by_hand(test, scores[name], part)
    right = [row[0] for row in rows if row[0] is not None]
    assert (found.n, found.label_ties, found.unscored) == (len(rows), len(rows) - len(right), 0)
    assert found.accuracy.value == pytest.approx(sum(right) / len(right))
    assert found.tie_rate == pytest.approx(right.count(0.5) / len(right))
    assert found.clusters == len({row[3] for row in rows})
    assert found.accuracy.low < found.accuracy.value < found.accuracy.high
    assert found.probabilities.nll.value == pytest.approx(sum(row[1] for row in rows) / len(rows))
    assert found.probabilities.brier.value == pytest.approx(sum(row[2] for row in rows) / len(rows))
    assert "by prompt" in found.method


def test_probabilities_are_those_of_scikit_learn(sample):
    test, scores, _ = sample
    decided = test.target != 0.5
    only = as_test_set(test.origin, [r for r, kept in zip(test.records, decided, strict=True) if kept])
    found = judge(only, {"good": column(scores["good"].values[decided])}).of("good").probabilities
    p = 1 / (1 + np.exp(-np.subtract(*scores["good"].values[decided].T)))
    assert found.nll.value == pytest.approx(log_loss(only.target, p))
    assert found.brier.value == pytest.approx(brier_score_loss(only.target, p))
    assert found.usable_bits.value == pytest.approx(1 - log_loss(only.target, p) / math.log(2))


@pytest.mark.parametrize("part", SLICES)
def test_intervals_of_means_are_those_of_a_cluster_robust_regression(sample, part):
    test, scores, judgement = sample
    _, nll, brier, prompts = zip(*by_hand(test, scores["good"], part), strict=True)
    found = judgement.of("good", part).probabilities
    for one, values in ((found.nll, nll), (found.brier, brier)):
        assert_like((one.low, one.high), robust(values, prompts)[0])
    assert found.usable_bits.low == pytest.approx(1 - found.nll.high / math.log(2))
    assert found.usable_bits.high == pytest.approx(1 - found.nll.low / math.log(2))


def assert_like(found, reference):
    """Equal but for the correction for clusters of unequal size, which statsmodels does not have."""
    assert found == pytest.approx(reference, abs=0.04 * (reference[1] - reference[0]))


def robust(values, prompts):
    """Interval and p-value of a mean whose cases depend on each other within a prompt."""
    groups = np.unique(prompts, return_inverse=True)[1]
    fit = sm.OLS(np.asarray(values), np.ones(len(values))).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": True}, use_t=True
    )
    return fit.conf_int()[0].tolist(), float(fit.pvalues[0])


def test_pairs_that_repeat_within_a_prompt_do_not_narrow_an_interval():
    """Nine equal pairs a prompt know no more than one: the fault of intervals that take pairs as independent."""
    rng = np.random.default_rng(1)
    scores = rng.normal([0.7, 0.0], 1.0, (60, 2))
    one = [Preference(f"p{i}", "a" * (i + 1), "b") for i in range(60)]
    nine = [Preference(f"p{i}", "a" * (i + 1), "b", id=f"{i}-{k}") for i in range(60) for k in range(9)]
    single = judge(as_test_set(Origin("d", "s"), one), {"rm": column(scores)}).of("rm")
    many = judge(as_test_set(Origin("d", "s"), nine), {"rm": column(np.repeat(scores, 9, axis=0))}).of("rm")
    assert many.n == 540
    assert many.clusters == single.clusters == 60
    for ends in ("accuracy", "nll", "usable_bits", "brier"):
        keys = [f"{ends}_low", ends, f"{ends}_high"]
        assert [many.to_row()[key] for key in keys] == pytest.approx([single.to_row()[key] for key in keys])


def test_a_log_loss_and_a_brier_score_are_not_below_nothing_nor_bits_above_one():
    scores = np.array([[8.0, 0.0]] * 19 + [[0.0, 0.0]])
    pairs = [Preference(f"p{i}", "a", "b") for i in range(20)]
    row = judge(as_test_set(Origin("d", "s"), pairs), {"rm": column(scores)}).of("rm").to_row()
    assert (row["nll_low"], row["brier_low"], row["usable_bits_high"]) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize("part", SLICES)
def test_two_scorers_on_the_same_pairs(sample, part):
    test, scores, judgement = sample
    found = judgement.between("good", "weak", part)
    both = [
        (one[0], other[0], one[3])
        for one, other in zip(by_hand(test, scores["good"], part), by_hand(test, scores["weak"], part), strict=True)
        if one[0] is not None
    ]
    counts = defaultdict(int)
    for one, other, _ in both:
        counts[one, other] += 1
        counts["first" if one > other else "second" if other > one else "equal"] += 1
    assert (found.n, found.both_right, found.both_wrong) == (len(both), counts[1, 1], counts[0, 0])
    assert (found.first_alone, found.second_alone) == (counts["first"], counts["second"])
    (low, high), p = robust([one - other for one, other, _ in both], [prompt for *_, prompt in both])
    assert_like((found.difference.low, found.difference.high), (low, high))
    assert found.difference.p == pytest.approx(p, abs=0.01)
    assert found.mcnemar_p is None  # pairs of a prompt depend on each other
    good, weak = judgement.of("good", part), judgement.of("weak", part)
    assert found.difference.value == pytest.approx(good.accuracy.value - weak.accuracy.value)
    assert found.nll_difference.value == pytest.approx(good.probabilities.nll.value - weak.probabilities.nll.value)


def test_the_p_of_a_row_and_its_interval_say_the_same(sample):
    _, _, judgement = sample
    for row in judgement.paired:
        if row.difference.p is not None:
            assert (row.difference.low <= 0 <= row.difference.high) == (row.difference.p >= 0.05)


def test_who_is_compared_with_whom(sample):
    _, _, judgement = sample
    assert {(row.first, row.second) for row in judgement.paired} == {
        ("good", "weak"), ("good", "longer"), ("good", "shorter"), ("weak", "longer"), ("weak", "shorter"),
    }  # fmt: skip
    assert judgement.between("good", "longer").nll_difference is None
    assert judgement.scorers == ["good", "weak"]


def test_p_values_are_adjusted_over_the_slices_of_two_scorers(sample):
    _, _, judgement = sample
    rows = [row for row in judgement.paired if (row.first, row.second) == ("good", "weak")]
    assert len(rows) > 5
    known = [row for row in rows if row.difference.p is not None]
    expected = multipletests([row.difference.p for row in known], method="holm")[1]
    assert [row.p_holm for row in known] == pytest.approx(expected.tolist())


def test_the_exact_test_stands_where_every_prompt_has_one_pair():
    rng = np.random.default_rng(2)
    records = [Preference(f"p{i}", "a" * (i + 1), "b") for i in range(120)]
    scores = {name: column(rng.normal([mean, 0.0], 1.0, (120, 2))) for name, mean in (("one", 0.8), ("two", 0.2))}
    found = judge(as_test_set(Origin("d", "s"), records), scores).between("one", "two")
    discordant = found.first_alone + found.second_alone
    assert found.mcnemar_p == pytest.approx(stats.binomtest(found.first_alone, discordant).pvalue)
    assert found.mcnemar_p_holm == found.mcnemar_p


def test_too_few_prompts_that_differ_have_neither_interval_nor_p():
    records = [Preference(f"p{i}", "a" * (i + 1), "b") for i in range(100)]
    one = np.tile([1.0, 0.0], (100, 1))
    other = one.copy()
    other[:9] = other[:9, ::-1]
    found = judge(as_test_set(Origin("d", "s"), records), {"one": column(one), "two": column(other)})
    row = found.between("one", "two")
    assert (row.difference.value, row.difference.few) == (pytest.approx(0.09), True)
    assert (row.difference.low, row.difference.high, row.difference.p, row.mcnemar_p) == (None,) * 4
    accuracy = found.of("two").accuracy
    assert accuracy.few  # nine prompts are wrong
    assert accuracy.low < 0.91 < accuracy.high


def test_a_rule_has_no_probabilities_and_neither_have_scores_that_are_no_log_odds(sample):
    test, scores, judgement = sample
    assert judgement.of("longer").rule
    row = judge(test, {"own": column(scores["longer"].values, log_odds=False)}).of("own").to_row()
    for found in (judgement.of("longer").to_row(), row):
        assert [found[key] for key in ("nll", "brier", "ece", "temperature", "usable_bits", "nll_low")] == [None] * 6
    assert not row["baseline"]
    assert judgement.of("longer", "length=shorter_chosen").accuracy.value == 0.0


def flat(row):
    """A row with what is nested in it by its path, for comparisons."""
    items = list(row.items() if isinstance(row, dict) else enumerate(row))
    nested = {key: flat(value) for key, value in items if isinstance(value, dict | tuple)}
    return {key: value for key, value in items if key not in nested} | {
        f"{key}.{inner}": value for key, found in nested.items() for inner, value in found.items()
    }


def test_pairs_without_a_score_are_counted_and_left_out(sample):
    test, scores, _ = sample
    some = scores["good"].values.copy()
    some[:100, 0] = np.nan
    judgement = judge(test, {"some": column(some), "weak": scores["weak"]})
    rest = as_test_set(test.origin, test.records[100:])
    alone = judge(rest, {"some": column(some[100:]), "weak": column(scores["weak"].values[100:])})
    found = judgement.of("some")
    assert (found.n, found.unscored) == (300, 100)
    assert flat(found.to_row() | {"unscored": 0}) == pytest.approx(flat(alone.of("some").to_row()))
    two = judgement.between("some", "weak")
    assert two.n + two.unscored == (test.target != 0.5).sum()
    assert two.difference == alone.between("some", "weak").difference


def test_no_score_at_all():
    test = as_test_set(Origin("d", "s"), [Preference("p", "a", "b", meta={"true_probability": 0.9})])
    found = judge(test, {"none": scores_of([[None, None]], log_odds=True), "coin": column([[0, 1]], rule=True)})
    assert (found.of("none").n, found.of("none").unscored) == (0, 1)
    assert found.of("none").to_row()["accuracy"] is None
    assert found.between("none", "coin").difference.value is None


def test_what_the_headline_leaves_out_is_told_and_counts_for_nothing(sample):
    test, scores, _ = sample
    headline = np.arange(400) >= 40
    judgement = judge(replace(test, headline=headline), scores)
    rest = judge(as_test_set(test.origin, test.records[40:]), {"good": column(scores["good"].values[40:])})
    assert judgement.of("good").left_out == 40
    assert flat(judgement.of("good").to_row() | {"left_out": 0}) == pytest.approx(flat(rest.of("good").to_row()))
    assert judgement.of("good", "meta.part=b").left_out == 10


def test_lists_are_judged_by_their_picks():
    lists = [Candidates(f"p{i}", ("a", "bb", "c"), (0.0, float(i), 1.0), meta={"k": i % 2}) for i in range(4)]
    test = as_test_set(Origin("d", "lists"), [*lists, Candidates("q", ("a", "b"), (0.0, 1.0), meta={"k": 0})],
                         Slicing(["meta.k"]))  # fmt: skip
    scores = scores_of([[0, 1, 0]] * 4 + [[None, 1]], log_odds=True, responses=3)
    found = judge(test, {"rm": scores})
    row = found.of("rm").to_row()
    assert (row["records"], row["n"], row["unscored"], row["accuracy"]) == ("lists", 4, 1, 0.75)
    assert (row["gold_picked"], row["nll"]) == ((0 + 1 + 2 + 3) / 4, None)
    assert row["accuracy_low"] < 0.75 < row["accuracy_high"]
    assert found.of("rm", "meta.k=1").accuracy.value == 1.0
    assert found.paired == ()


def test_a_public_benchmark_sums_up_what_has_scores():
    seen = []

    def aggregate(records, scores):
        seen.append(([record.id for record in records], scores))
        return {"score": 0.5}

    records = [Preference("p", "a", "b", id=str(i)) for i in range(3)]
    test = as_test_set(Origin("d", "s", aggregate=aggregate), records)
    found = judge(test, {"rm": scores_of([[1, 2], [None, 1], [3, 4]], log_odds=True)})
    assert found.suite == {"rm": {"score": 0.5}}
    assert seen == [(["0", "2"], [[1.0, 2.0], [3.0, 4.0]])]
    assert found.suite_rows() == [{"scorer": "rm", "data": "d", "split": "s", "figures": {"score": 0.5}}]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((399, 2)), "expected scores of 400 pairs by weak, got 399"),
        (np.zeros((400, 3)), "expected 2 scores of each of the pairs by weak, got 3"),
        (np.full((400, 2), 1e300), "finite in single precision, but one by weak"),
    ],
)
def test_scores_that_do_not_fit_are_refused(sample, values, message):
    test, scores, _ = sample
    with pytest.raises(ValueError, match=message):
        judge(test, scores | {"weak": column(values)})
