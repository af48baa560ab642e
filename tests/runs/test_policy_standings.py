import pytest

from rmexp.runs.axes import PolicyGain, Run
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


def test_runs_without_a_policy_are_passed_over():
    assert policy_standings([Run("a", {}, (), 1.0)], []) == []
