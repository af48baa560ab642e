import numpy as np
import pytest
from scipy.stats import t as student
from scipy.stats import ttest_rel

from rmexp.runs.groups import SEEDS_ALONE, Judged, Run, grouped
from rmexp.runs.leaderboard import SEEDS_AND_PROMPTS, Earned, leaderboard


def groups_of(credits):
    """One group a name, a run a seed, whose pairs earned the credits."""
    runs = []
    for name, seeds in credits.items():
        for seed, earned in enumerate(seeds):
            tested = Judged("explicit", "a", "val", 10, float(np.mean(earned)))
            runs.append(Run(f"{name}{seed}", {"name": name, "seed": seed}, (tested,), 1.0))
    return grouped(runs, ["name", "seed"])


def standings(credits, lost=(), cluster_of=lambda pair: pair):
    def credits_of(folder, group):
        earned = [] if folder in lost else credits[folder[:-1]][int(folder[-1])]
        return {pair: Earned(credit, cluster_of(pair)) for pair, credit in enumerate(earned)}

    return leaderboard(groups_of(credits), credits_of)


def random_credits(seed, chance, pairs=200):
    return np.random.default_rng(seed).binomial(1, chance, pairs).astype(float).tolist()


def test_single_runs_are_tested_by_their_pairs_too():
    credits = {"worse": [random_credits(0, 0.6)], "better": [random_credits(1, 0.8)]}
    first, second = standings(credits)
    assert [line.group.settings["name"] for line in (first, second)] == ["better", "worse"]
    reference = ttest_rel(credits["better"][0], credits["worse"][0])
    assert first.lead == pytest.approx(np.subtract(credits["better"][0], credits["worse"][0]).mean())
    assert first.p == pytest.approx(reference.pvalue)
    assert (first.lead_low, first.lead_high) == pytest.approx(tuple(reference.confidence_interval()))
    assert second.p is None


def test_pairs_of_a_prompt_are_not_independent():
    """Four copies of each pair say no more than one."""
    alone = {"worse": [random_credits(0, 0.6)], "better": [random_credits(1, 0.8)]}
    copied = {name: [np.repeat(one[0], 4).tolist()] for name, one in alone.items()}
    first, _ = standings(copied, cluster_of=lambda pair: pair // 4)
    assert first.p == pytest.approx(standings(alone)[0].p)


def test_runs_that_did_not_write_down_prompts_have_a_lead_without_a_test():
    credits = {"worse": [random_credits(0, 0.6)], "better": [random_credits(1, 0.8)]}
    first, _ = standings(credits, cluster_of=lambda pair: None)
    assert first.lead > 0
    assert (first.lead_low, first.lead_high, first.p) == (None, None, None)


def test_means_over_seeds_are_tested_by_the_pairs():
    credits = {
        name: [random_credits(seed + start, chance) for seed in range(3)]
        for name, start, chance in (("a", 0, 0.8), ("b", 10, 0.7))
    }
    first, _ = standings(credits)
    means = [np.mean(credits[name], axis=0) for name in ("a", "b")]
    assert first.p == pytest.approx(ttest_rel(*means).pvalue)


def test_p_values_of_one_table_are_adjusted():
    credits = {
        name: [random_credits(seed, chance)] for seed, (name, chance) in enumerate((("a", 0.9), ("b", 0.6), ("c", 0.4)))
    }
    alone = [standings({name: credits[name] for name in pair})[0].p for pair in ("ab", "bc")]
    together = [line.p for line in standings(credits)[:2]]
    assert sorted(together)[0] == pytest.approx(2 * min(alone))


def test_no_test_without_the_same_pairs():
    credits = {"a": [[1.0, 1.0]], "b": [[1.0, 0.0, 0.0]]}
    assert standings(credits)[0].p is None
    assert standings({"a": [[1.0]], "b": [[0.0]]}, lost=["a0"])[0].p is None


def test_equal_runs_are_no_different():
    first, _ = standings({"a": [[1.0, 0.5]] * 2, "b": [[1.0, 0.5]] * 2})
    assert (first.lead, first.p) == (0.0, None)


def test_an_interval_over_seeds_is_no_narrower_than_that_of_the_pairs():
    """Two seeds of 100 right pairs each: Wilson's interval of 100 of 100, not a point."""
    (both,) = standings({"a": [[1.0] * 100] * 2})
    low = 100 / (100 + student.ppf(0.975, 99) ** 2)  # of n of n, Wilson's lower end is n / (n + z^2)
    assert both.group.low == pytest.approx(low, abs=0.003)
    assert (both.group.high, both.group.method) == (1.0, SEEDS_AND_PROMPTS)


def test_seeds_that_differ_widen_the_interval():
    apart = [[1.0] * 60 + [0.0] * 40, [1.0] * 80 + [0.0] * 20]
    (same,), (different,) = standings({"a": [apart[0], apart[0]]}), standings({"a": apart})
    assert different.group.high - different.group.low > same.group.high - same.group.low


def test_runs_that_did_not_write_down_prompts_say_so_of_their_interval():
    (line,) = standings({"a": [random_credits(0, 0.8), random_credits(1, 0.8)]}, cluster_of=lambda pair: None)
    assert line.group.method == SEEDS_ALONE


def test_of_equal_accuracies_the_one_whose_loss_nobody_knows_stands_last():
    figures = {"unknown": None, "worse": 0.7, "better": 0.6}
    runs = [
        Run(name, {"name": name}, (Judged("explicit", "a", "val", 10, 0.5, nll=nll),), 1.0)
        for name, nll in figures.items()
    ]
    lines = leaderboard(grouped(runs, ["name"]), lambda folder, group: {})
    assert [line.group.settings["name"] for line in lines] == ["better", "worse", "unknown"]
