"""Pairs that a model of a comparison was trained on, made by hand."""

import numpy as np
import pytest

from rmexp.evaluation.apart import set_apart
from rmexp.evaluation.test_set import Origin, as_test_set
from rmexp.records import Preference, Scored
from rmexp.verbs.comparing.disagreements import disagreements
from rmexp.verbs.comparing.scores import SetScores
from rmexp.verbs.comparing.sets import candidate_notes, compared_sets, notes
from rmexp.verbs.comparing.shifts import ScoredPairs

PAIRS = [Preference(f"Q{index}", "long answer", "no") for index in range(20)]
EXPLICIT = [1.0] * 10 + [-1.0, 1.0] * 5  # right on the first ten, then on every second
IMPLICIT = [-1.0] * 10 + [1.0, 1.0] * 5
KIND = {"kind": "explicit"}


def column(margins, marks):
    return [
        Scored(pair.id, (margin, 0.0), (1, 1), (False, False), mark)
        for pair, margin, mark in zip(PAIRS, margins, marks, strict=True)
    ]


def scored(marks, *, keep=False):
    implicit = column(IMPLICIT, [None] * 20)
    columns = {"explicit": column(EXPLICIT, marks)}
    columns |= dict.fromkeys(("implicit", "response_sum", "sequence_mean"), implicit)
    scores = SetScores(PAIRS, columns, [(1, 1)] * 20)
    test = set_apart(as_test_set(Origin("d", "val"), PAIRS), scores.marks, keep=keep)
    return ScoredPairs("val", test, scores, None, 20, keep)


def test_figures_are_of_the_pairs_that_neither_model_was_trained_on():
    one = scored(["pair"] * 10 + ["no"] * 10)
    (found,) = compared_sets([one])
    whole = found.slices[0]
    assert (found.pairs, whole.explicit.n, whole.agreement.pairs) == (10, 10, 10)
    assert (whole.explicit.accuracy.value, whole.implicit.accuracy.value) == (0.5, 1.0)
    apart = found.slices[-1]
    assert (apart.slice, apart.explicit.n, apart.explicit.accuracy.value) == ("trained on", 10, 1.0)
    assert list(notes([one], [found], KIND, KIND)) == [
        "val: explicit was trained on 10 of these 20 pairs (100.0 % right there): the figures of every scorer are of "
        "the other 10, and the slice `trained on` has these (data.trained_on=keep counts them)."
    ]
    unseen = one.scores.of(one.headline)
    assert len(disagreements({"val": unseen}, {"val": found})) == 5


def test_what_is_kept_is_counted():
    one = scored(["pair"] * 10 + ["no"] * 10, keep=True)
    (found,) = compared_sets([one])
    assert (found.pairs, found.slices[0].explicit.accuracy.value) == (20, 0.75)
    assert one.headline == list(range(20))


@pytest.mark.parametrize("mark", [None, "no", "validation"])
def test_without_a_pair_of_the_training_nothing_changes_and_nothing_is_said(mark):
    one = scored([mark] * 20)
    (found,) = compared_sets([one])
    assert [part.slice for part in found.slices] == [None]
    assert list(notes([one], [found], KIND, KIND)) == []


def test_where_nothing_unseen_is_left_there_are_no_figures_but_a_sentence():
    one = scored(["pair"] * 20)
    assert compared_sets([one]) == []
    (said,) = notes([one], [], KIND, KIND)
    assert "explicit was trained on 20 of these 20 pairs (75.0 % right there): nothing unseen is left" in said
    assert disagreements({"val": one.scores.of([])}, {}) == []
    assert one.scores.of([]).array("explicit").shape == (0, 2)
    assert np.isfinite(one.scores.array("explicit")).all()


def test_lists_of_which_a_pair_was_trained_on_are_left_out_and_counted():
    scores = scored(["pair", "prompt", "validation", *["no"] * 17]).scores
    assert [record.prompt for record in scores.unseen().records] == [pair.prompt for pair in PAIRS[1:]]
    assert len(scores.unseen().columns["implicit"]) == len(scores.unseen().response_tokens) == 19
    assert list(candidate_notes({"graded": 1, "showcase": 0}, {"graded": PAIRS, "showcase": PAIRS[:3]})) == [
        "graded: a model was trained on pairs of 1 of 20 lists; these are left out (data.trained_on=keep counts them)."
    ]
