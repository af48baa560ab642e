import math

import pytest

from rmexp.runs.groups import Judged, Run, grouped
from rmexp.runs.pair_sets import PairSet


def row(accuracy, data="a", split="val", scorer="explicit", **more):
    return Judged(scorer, data, split, 10, accuracy, nll=0.5, **more)


def run(accuracy, folder="f", **settings):
    return Run(folder, settings, (row(accuracy),), 1.0)


def test_the_reward_that_a_policy_learnt_from_is_not_the_one_that_is_judged():
    both = Run("c", {"scorer": "gold"}, (row(0.7), row(0.8, scorer="implicit")), 1.0)
    assert [group.settings for group in grouped([both], ["scorer"])] == [
        {"scorer": "gold", "reward": "explicit"},
        {"scorer": "gold", "reward": "implicit"},
    ]


def test_runs_alike_but_for_their_seed_are_one_group_with_its_interval():
    runs = [run(0.7, "f0", seed=0, lr=1), run(0.9, "f1", seed=1, lr=1), run(0.5, "f2", seed=0, lr=2)]
    first, second = grouped(runs, ["lr", "seed"])
    assert (first.settings, first.folders, first.accuracies) == ({"lr": 1}, ("f0", "f1"), (0.7, 0.9))
    assert first.accuracy == pytest.approx(0.8)
    # Student with one degree of freedom: 12.706 times the standard error 0.1; held inside [0, 1].
    assert (first.low, first.high) == (0.0, 1.0)
    assert (second.accuracies, second.low) == ((0.5,), None)  # its row brought no interval of the pairs


def test_one_run_has_the_interval_of_its_pairs():
    rows = (row(0.8, low=0.5, high=0.9, few=True),)
    (group,) = grouped([Run("f", {}, rows, 1.0)], [])
    assert (group.low, group.high, group.few) == (0.5, 0.9, True)


def test_a_test_split_stands_for_its_data_and_each_scorer_for_itself():
    rows = (row(0.1), row(0.2, split="test"), row(0.3, data="b"), row(0.4, data="b", scorer="implicit"))
    found = {(g.data, g.split, g.settings["scorer"]): g.accuracy for g in grouped([Run("f", {}, rows, 1.0)], [])}
    assert found == {("a", "test", "explicit"): 0.2, ("b", "val", "explicit"): 0.3, ("b", "val", "implicit"): 0.4}


def test_runs_without_a_pair_that_counts_have_no_accuracy():
    (group,) = grouped([Run("f", {}, (row(None),), 1.0)], [])
    assert group.accuracies == ()
    assert math.isnan(group.accuracy)


def test_a_split_that_chose_the_step_stands_for_its_data_only_where_there_is_no_other():
    rows = (row(0.9, selected_on=True), row(0.2, split="unseen"), row(0.3, data="b", selected_on=True))
    first, second = grouped([Run("f", {}, rows, 1.0)], [])
    assert (first.place, first.accuracy) == ("a unseen", 0.2)
    assert (second.place, second.selected_on) == ("b val (chose the step)", True)


def test_beside_a_comparison_every_line_has_its_scorer():
    both = Run("c", {"lr": 1}, (row(0.7), row(0.8, scorer="implicit")), 1.0)
    found = grouped([run(0.9, "t", lr=2), both], ["lr"])
    assert [group.settings for group in found] == [
        {"lr": 2, "scorer": "explicit"},
        {"lr": 1, "scorer": "explicit"},
        {"lr": 1, "scorer": "implicit"},
    ]


def test_different_data_of_one_name_are_boards_of_their_own():
    paths = {"a/x.jsonl": 0.7, "/home/a/x.jsonl": 0.8, "b/x.jsonl": 0.9}
    runs = [
        Run(path, {"lr": accuracy}, (row(accuracy, pairs=PairSet({"path": path}, path[-9:])),), 1.0)
        for path, accuracy in paths.items()
    ]
    first, again, other = grouped(runs, ["lr"])
    assert first.board == again.board != other.board
    assert (first.place, other.place) == ("a val, path=a/x.jsonl", "a val, path=b/x.jsonl")
    assert [group.place for group in grouped(runs[:2], ["lr"])] == ["a val", "a val"]
