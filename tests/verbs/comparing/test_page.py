"""Candidate sets that a plug-in's source may have called like the ones that the page looks for."""

import pytest

from rmexp.records import Candidates, Scored
from rmexp.verbs.comparing.page import _graded, _showcase
from rmexp.verbs.comparing.scores import AllScores, Levels, SetScores


def scores(*labels):
    records = [Candidates("Why?", ("So.", "No."), meta=own) for own in labels]
    rows = [Scored(record.id, (1.0, 0.0), (1, 1), (False, False), None) for record in records]
    group = SetScores(records, {"explicit": rows, "implicit": rows}, [(1, 1)] * len(rows))
    return AllScores({}, {"graded": group, "showcase": group}, group, Levels([], []), {})


def test_responses_that_have_names_are_shown_by_them():
    found = scores({"labels": ["good", "bad"]}, {"labels": ["good", "bad"]})
    assert _graded(found).labels == ("good", "bad")
    assert (_showcase(found).chosen, _showcase(found).rejected) == ("good", "bad")


@pytest.mark.parametrize("second", [{}, {"labels": ["bad", "good"]}])
def test_without_the_same_names_in_all_records_there_is_nothing_graded(second):
    found = scores({"labels": ["good", "bad"]}, second)
    assert _graded(found) is None
    assert len(_showcase(found).prompts) == 1, "the first of the last split, of which all have the same prompt"
