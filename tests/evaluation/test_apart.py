import numpy as np
import pytest

from rmexp.evaluation.apart import set_apart
from rmexp.evaluation.judge import judge
from rmexp.evaluation.scores import scores_of
from rmexp.evaluation.slices import Slicing
from rmexp.evaluation.test_set import Origin, as_test_set
from rmexp.records import Candidates, Preference

PAIRS = [Preference(f"Q{index}", "a", "b", meta={"part": "xy"[index % 2]}) for index in range(6)]
TEST = as_test_set(Origin("d", "s"), PAIRS, Slicing(["meta.part"]))
RIGHT = scores_of([[1.0, 0.0]] * 3 + [[0.0, 1.0]] * 3, log_odds=True)  # on the first three pairs
MARKS = ["pair", "pair", "no", "no", "validation", "prompt"]


def figures(test, part=None):
    found = judge(test, {"one": RIGHT}).of("one", part)
    return found.n, found.left_out, found.accuracy.value


def test_pairs_that_were_trained_on_are_a_slice_and_no_part_of_the_headline():
    test = set_apart(TEST, [MARKS], keep=False)
    assert figures(test) == (4, 2, 0.25)
    assert figures(test, "trained on") == (2, 0, 1.0)
    assert figures(test, "validated on") == figures(test, "prompts trained on") == (1, 0, 0.0)
    assert figures(test, "meta.part=x") == (2, 1, 0.5)  # of pairs 2 and 4


def test_what_is_kept_is_counted_and_still_a_slice():
    test = set_apart(TEST, [MARKS], keep=True)
    assert figures(test) == figures(TEST) == (6, 0, 0.5)
    assert figures(test, "trained on") == (2, 0, 1.0)


def test_where_nothing_unseen_is_left_there_is_no_headline():
    test = set_apart(TEST, [["pair"] * 6], keep=False)
    assert figures(test) == (0, 6, None)
    assert figures(test, "trained on") == (6, 0, 0.5)


def test_a_pair_that_one_of_several_scorers_was_trained_on_is_left_out_for_all():
    other = ["no", "no", None, "pair", None, None]
    test = set_apart(TEST, [MARKS, other, [None] * 6], keep=False)
    assert test.headline.tolist() == [False, False, True, False, True, True]
    judged = judge(test, {"one": RIGHT, "two": scores_of([[1.0, 0.0]] * 6, log_odds=True)})
    assert judged.of("one").n == judged.of("two").n == judged.between("one", "two").n == 3
    assert judged.of("one", "trained on").n == 3
    assert np.isnan(judged.headline_scores["one"].margin).tolist() == [True, True, False, True, False, False]


@pytest.mark.parametrize("marks", [[], [[None] * 6], [["no"] * 6, [None] * 6]])
def test_without_a_claim_nothing_changes(marks):
    assert set_apart(TEST, marks, keep=False) is TEST


def test_a_slice_that_is_the_whole_headline_is_none():
    test = set_apart(TEST, [["pair"] * 4 + ["validation"] * 2], keep=False)
    assert list(test.slices) == [None, "meta.part=x", "meta.part=y", "trained on"]


def test_lists_are_set_apart_too():
    lists = [Candidates(f"Q{index}", ("a", "b"), (1.0, 0.0)) for index in range(2)]
    test = set_apart(as_test_set(Origin("d", "s"), lists), [["pair", "no"]], keep=False)
    found = judge(test, {"one": scores_of([[1.0, 0.0], [0.0, 1.0]], log_odds=True)})
    assert (found.of("one").accuracy.value, found.of("one", "trained on").accuracy.value) == (0.0, 1.0)
