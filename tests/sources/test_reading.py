import logging

import pytest

from rmexp.config.build import build
from rmexp.config.compose import compose
from rmexp.records import Preference
from rmexp.sources.reading import Reading
from rmexp.sources.rows import LeftOut, Row, row_by_row

SKIP = {"on_bad_row": "skip", "max_bad_share": 0.5}


def rows(*contents):
    return [Row("f", number, {"value": content}) for number, content in enumerate(contents, start=1)]


def form(found):
    """A format that gives what the row holds, and raises what it holds of errors."""

    def convert(content):
        if isinstance(content["value"], Exception):
            raise content["value"]
        yield from content["value"]

    return row_by_row(found, convert)


def pair(name, id="", **fields):
    return Preference(name, "yes", "no", id=id, **fields)


def test_a_row_gives_any_number_of_pairs():
    records = Reading(**SKIP).records("f", rows([pair("a"), pair("b")], [], [pair("c")]), form)
    assert [record.prompt for record in records] == ["a", "b", "c"]


def test_rows_of_several_files_are_counted_by_file_and_named_with_it():
    two = [
        *rows(ValueError("bad"), [pair("a")]),
        Row("g", 1, {"value": ValueError("worse")}),
        Row("g", 2, {"value": []}),
    ]
    with pytest.raises(ValueError, match=r"^f, g: 2 of 4 rows are bad, .* \(such as f line 1: bad; g line 1: worse\)$"):
        Reading(on_bad_row="skip", max_bad_share=0.25).records("f, g", two, form)


def test_more_bad_rows_than_the_share_stop_with_counts_and_the_first_of_them():
    problems = [ValueError(f"bad {index}") for index in range(4)]
    reading = Reading(on_bad_row="skip", max_bad_share=0.5)
    good = [[pair(str(index))] for index in range(4)]
    assert len(reading.records("f", rows(*problems, *good), form)) == 4
    with pytest.raises(
        ValueError,
        match=r"^f: 4 of 7 rows are bad, more than data.max_bad_share=0.5 allows "
        r"\(such as line 1: bad 0; line 2: bad 1; line 3: bad 2\)$",
    ):
        reading.records("f", rows(*problems, *good[:3]), form)


def test_the_problem_of_most_rows_is_shown_first():
    often = [ValueError("often")] * 5
    found = rows(ValueError("odd"), *often, ValueError("once"), ValueError("odder"), ValueError("odd"), often[0])
    with pytest.raises(ValueError, match=r"\(such as line 2: often; line 1: odd; line 7: once\)$"):
        Reading(**SKIP).records("f", found, form)


def test_a_row_counts_once_however_many_of_its_pairs_are_bad():
    row = [ValueError("a"), ValueError("b"), pair("a")]
    reading = Reading(on_bad_row="skip", max_bad_share=0.5)
    assert len(reading.records("f", rows(row, [pair("b")]), form)) == 2
    assert [bad.problem for bad in reading.bad_rows] == ["a", "b"]


def test_what_is_left_out_is_told(caplog):
    caplog.set_level(logging.INFO)
    found = rows([LeftOut("ties")], [LeftOut("ties")], [pair("a")], ValueError("odd"))
    Reading(**SKIP).records("f", found, form)
    assert "f: 2 left out: ties" in caplog.text
    assert "f: 1 of 4 rows are bad and left out: 1 malformed (such as line 4: odd)" in caplog.text
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING"]


def test_when_everything_is_left_out_on_request_the_message_says_so():
    with pytest.raises(ValueError, match=r"f: expected .* the file has 2 rows and none is left; 2: ties"):
        Reading(**SKIP).records("f", rows([LeftOut("ties")], [LeftOut("ties")]), form)


def test_an_id_stands_for_one_pair_of_texts_over_all_files():
    reading = Reading(**SKIP)
    twice = rows([pair("a", "1", target=1.0)], [pair("a", "1", target=0.5)], [pair("b", "1")])
    assert len(reading.records("f", twice, form)) == 2
    assert reading.bad_rows[0].problem == "`id` 1 is that of another pair already (f:1)"
    reading.records("g", rows([pair("c", "2")], [pair("d", "1")]), form)
    assert len(reading.bad_rows) == 2


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_the_share_is_one(share):
    with pytest.raises(ValueError, match=r"data.max_bad_share must be in \[0, 1\], got"):
        Reading(on_bad_row="skip", max_bad_share=share)


def test_a_column_that_is_not_there_is_told_with_the_key_that_names_it():
    row = Row("f", 1, {"prompt": "p", "chosen": "c", "rejected": "r"})
    for key, value in (("margin", "strenght"), ("meta", "[strenght]"), ("target", "strenght")):
        options = ["data=jsonl", "data.path=x", "data/format=columns", f"data.format.{key}={value}"]
        format = build(compose("train", options).data.format)
        told = rf"`strenght` is missing; the row has prompt, chosen, rejected; set data.format.{key}, or choose"
        with pytest.raises(ValueError, match=told):
            Reading(on_bad_row="error", max_bad_share=0.5).records("f", [row], format)
        with pytest.raises(ValueError, match=rf"1 of 1 rows are bad, .* \(such as line 1: {told}"):
            Reading(**SKIP).records("f", [row], format)


def test_a_problem_of_many_rows_is_told_once():
    problems = [ValueError("bad") for _ in range(4)]
    with pytest.raises(ValueError, match=r"4 of 4 rows are bad, .* \(such as line 1: bad\)$"):
        Reading(**SKIP).records("f", rows(*problems), form)


def test_a_mistake_in_a_format_is_told_with_the_row_and_what_was_called():
    with pytest.raises(
        RuntimeError, match=r"^f:2: form.<locals>.convert\(\): TypeError: 'int' object is not iterable$"
    ):
        Reading(**SKIP).records("f", rows([pair("a")], 3), form)


@pytest.mark.parametrize(
    ("make", "came"),
    [
        (lambda found: None, "NoneType"),
        (lambda found: (pair("a") for _ in found), "Preference"),
        (lambda found: ((row, "a") for row in found), "str"),
        (lambda found: ((row.content, pair("a")) for row in found), "Preference"),
    ],
)
def test_a_format_that_gives_no_records_of_rows_is_refused(make, came):
    said = rf"<lambda>\(\) must give pairs of a row and its record one by one, got {came} \(set data/format\)$"
    with pytest.raises(ValueError, match=said):
        Reading(**SKIP).records("f", rows([pair("a")]), make)
