from rmexp.runs.rows import from_row, to_row
from rmexp.runs.summaries.held_out import HeldOutRow, headline_of


def row(split, *, selected_on=None, part=None):
    return HeldOutRow(data="pairs", split=split, slice=part, selected_on=selected_on)


def test_a_split_that_chose_nothing_stands_before_one_that_did():
    val, test, unseen = row("val", selected_on=True), row("test"), row("unseen")
    assert headline_of([val, unseen]) is unseen
    assert headline_of([val, unseen, test]) is test
    assert headline_of([val]) is val
    assert headline_of([row("val"), unseen]).split == "val"  # as it was where nothing was chosen


def test_the_mark_goes_with_the_row_and_is_left_out_where_there_is_none():
    assert row("val", selected_on=True, part="easy").place == "pairs val (chose the step) easy"
    assert "selected_on" not in to_row(row("test"))
    assert from_row(HeldOutRow, to_row(row("val", selected_on=True))).selected_on
