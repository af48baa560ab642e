import pytest

from rmexp.runs.groups import PolicyGain, Run
from rmexp.runs.policy_standings import policy_standings
from rmexp.statistics.means import mean_interval


def run(folder, lr, seed, gain, gold=None, kl=2.0):
    return Run(folder, {"lr": lr, "seed": seed}, (), 4.0, PolicyGain(gain, gold, kl))


def test_runs_alike_but_for_their_seed_are_one_line():
    first, second = policy_standings(
        [run("a", 1, 0, 1.0, kl=1.0), run("b", 2, 0, 4.0), run("c", 1, 1, 2.0, kl=2.0)], ["lr", "seed"]
    )
    assert (first.settings, first.gain, first.low, first.high, first.folders) == ({"lr": 2}, 4.0, None, None, ("b",))
    assert (second.settings, second.gain, second.kl, second.folders) == ({"lr": 1}, 1.5, 1.5, ("a", "c"))
    assert (second.low, second.high) == pytest.approx(mean_interval([1.0, 2.0]))


def test_the_truth_gives_the_order_where_all_know_it():
    known = [run("a", 1, 0, 9.0, gold=-1.0), run("b", 2, 0, 1.0, gold=0.5)]
    assert [line.folders for line in policy_standings(known, ["lr"])] == [("b",), ("a",)]
    unknown = [*known, run("c", 3, 0, 2.0)]
    assert [line.folders for line in policy_standings(unknown, ["lr"])] == [("a",), ("c",), ("b",)]


def test_gains_of_other_rewards_prompts_or_starts_have_an_order_of_their_own():
    def by(folder, gain, **settings):
        return Run(folder, {"kl": folder, **settings}, (), 4.0, PolicyGain(gain, None, 1.0))

    for key in ("scorer.path", "data.name", "model.reference", "sft.optimizer.lr"):
        runs = [by("a", 1.0, **{key: 1}), by("b", 2.0, **{key: 1}), by("c", 9.0, **{key: 2})]
        found = policy_standings(runs, ["kl"])
        assert [(line.folders[0], line.measure, line.rank) for line in found] == [("b", 1, 1), ("a", 1, 2), ("c", 2, 1)]
    runs = [by("a", 1.0, **{"kl.coefficient": 1}), by("b", 2.0, **{"kl.coefficient": 2})]
    assert {line.measure for line in policy_standings(runs, ["kl"])} == {1}


def test_the_reward_that_was_learnt_from_is_no_matter_where_the_truth_is_known():
    runs = [
        Run(name, {"scorer.path": name, "gold.noise": 0}, (), 4.0, PolicyGain(1.0, gold, 1.0))
        for name, gold in (("a", 0.1), ("b", 0.2))
    ]
    assert [(line.folders, line.rank) for line in policy_standings(runs, ["scorer.path"])] == [(("b",), 1), (("a",), 2)]


def test_runs_without_a_policy_are_passed_over():
    assert policy_standings([Run("a", {}, (), 1.0)], []) == []
