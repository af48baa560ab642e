import numpy as np

from rmexp.records import Candidates, Preference, Scored
from rmexp.selection.filter_items import pair_items, pair_rows, response_items, response_rows
from rmexp.selection.rules import Decision

PAIRS = [
    Preference("p", "a", "b", id="1"),
    Preference("p", "c", "d", 0.2, id="2"),
    Preference("p", "e", "f", 0.5, id="3"),
]
YES, NO = Decision(True, "kept", "good"), Decision(False, "min_margin", "bad")


def scored(records, *scores):
    return [
        Scored(record.id, row, (1,) * len(row), (False,) * len(row))
        for record, row in zip(records, scores, strict=True)
    ]


def test_a_margin_is_towards_the_label():
    items = pair_items(PAIRS, [scored(PAIRS, (3.0, 1.0), (3.0, 1.0), (3.0, 1.0))], None)
    assert items.margin[:2].tolist() == [2.0, -2.0]
    assert np.isnan(items.margin[2])
    assert items.score.tolist() == [3.0, 1.0, 3.0]
    assert items.disagreement is None


def test_rows_are_records_with_figures_and_reason():
    items = pair_items(PAIRS, [scored(PAIRS, (3.0, 1.0), (3.0, 1.0), (3.0, 1.0))], None)
    rows = list(pair_rows(PAIRS, items, [YES, NO, YES], kept=False))
    assert [Preference.from_row(row) for row in rows] == PAIRS[1:2]
    assert rows[0]["reason"] == "bad"
    assert rows[0]["figures"] == {"margin": -2.0, "score": 1.0}
    rows = list(pair_rows(PAIRS, items, [YES, NO, YES], kept=True))
    assert rows[1]["figures"]["margin"] is None


def test_responses_are_parted_with_their_gold():
    records = [Candidates("p", ("a", "b", "c"), (1.0, 2.0, 3.0), id="1"), Candidates("q", ("d",), id="2")]
    items = response_items(records, [scored(records, (5.0, 6.0, 7.0), (8.0,))], ["x", "y"])
    assert items.score.tolist() == [5.0, 6.0, 7.0, 8.0]
    assert items.group == ["x", "x", "x", "y"]
    assert items.prompt == ["0", "0", "0", "1"]
    decisions = [NO, YES, YES, NO]
    (row,) = response_rows(records, items, decisions, kept=True)
    assert (row["responses"], row["gold"], row["scores"], row["reasons"]) == (
        ["b", "c"],
        [2.0, 3.0],
        [6.0, 7.0],
        ["good", "good"],
    )
    dropped = list(response_rows(records, items, decisions, kept=False))
    assert [row["responses"] for row in dropped] == [["a"], ["d"]]
