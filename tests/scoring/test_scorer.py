"""What somebody's own class gives is looked at before it is relied on."""

from types import SimpleNamespace

import pytest

from rmexp.records import Candidates, Scored
from rmexp.scoring.scorer import checked_scorer, scored_rows

RECORDS = [Candidates("p", ("a", "b"), id="one"), Candidates("q", ("a",), id="two")]
ROWS = [Scored("one", (1.0, 2.0), (1, 1), (False, False)), Scored("two", (1.0,), (1,), (False,))]


class Own:
    name, fingerprint, stored, log_odds, tokenizer = "own", "0", False, False, None

    def __init__(self, rows=(), about=None):
        self.rows, self.about = rows, about

    def score(self, records):
        return iter(self.rows)

    def describe(self):
        return self.about


@pytest.mark.parametrize(
    ("rows", "came"),
    [
        (ROWS[:1], "one row for each of 2 records, got fewer"),
        ([*ROWS, ROWS[1]], "one row for each of 2 records, got more"),
        ([[1.0, 2.0], [1.0]], "Scored, got list"),
        (ROWS[::-1], "a score of every response, got 1 for 2 responses of record one"),
    ],
)
def test_rows_that_are_no_scores_of_the_records_are_refused(rows, came):
    with pytest.raises(ValueError, match="must give") as refused:
        list(scored_rows(Own(rows), RECORDS))
    assert str(refused.value) == f"Own.score() must give {came} (set scorer)"


def test_scores_are_left_as_they_are():
    assert list(scored_rows(Own(ROWS), RECORDS)) == ROWS


def test_a_class_that_is_no_scorer_is_told_what_it_lacks():
    with pytest.raises(ValueError, match=r"^SimpleNamespace\(\) must have fingerprint, log_odds, describe, as every"):
        checked_scorer(SimpleNamespace(name="x", stored=False, tokenizer=None, score=len))
    for about in (None, {"name": "own", "fingerprint": "0"}):
        with pytest.raises(ValueError, match=r"^Own.describe\(\) must give a dict with .*kind.* \(set scorer\)$"):
            checked_scorer(Own(about=about))
    whole = Own(about={"name": "own", "fingerprint": "0", "kind": "own"})
    assert checked_scorer(whole) is whole
