import numpy as np
import pytest

from rmexp.evaluation.slices import WHOLE, Slicing
from rmexp.evaluation.test_set import Origin, as_test_set, padded
from rmexp.records import Candidates, Preference

RECORDS = [
    Preference("p", "**long** answer", "short", meta={"topic": "a"}, id="1"),
    Preference("p", "x", "longer", meta={"topic": "b"}, id="2"),
    Preference("q", "same", "also", 0.0, meta={"topic": "b"}, id="3"),
]
BINS = {"1": "hard", "2": "easy", "3": "hard"}


def made(group=None, **slicing):
    return as_test_set(Origin("data", "val", group=group), RECORDS, Slicing(**slicing))


def test_what_is_measured():
    test = made()
    assert test.target.tolist() == [1, 1, 0]
    assert test.characters.tolist() == [[15, 5], [1, 6], [4, 4]]
    assert test.markdown.tolist() == [[1, 0], [0, 0], [0, 0]]
    assert test.clusters.tolist() == [0, 0, 1]
    assert made(group="meta.topic").clusters.tolist() == [0, 1, 1]
    assert test.headline.all()
    assert (test.title, test.gold, test.truth) == ("data val", None, None)


def test_slices_are_all_pairs_lengths_fields_and_parts_with_the_easy_ones_first():
    slices = made(fields=["meta.topic"], parts={"difficulty": BINS}, by_length=True).slices
    assert next(iter(slices)) is WHOLE
    assert slices[WHOLE].all()
    assert slices["length=shorter_chosen"].tolist() == [False, True, False]
    assert slices["meta.topic=b"].tolist() == [False, True, True]
    assert list(slices)[-2:] == ["difficulty=easy", "difficulty=hard"]
    assert slices["difficulty=hard"].tolist() == [True, False, True]


def test_a_part_that_all_records_share_is_no_slice():
    assert list(made(parts={"source": dict.fromkeys("123", "a")}).slices) == [WHOLE]


def test_unknown_fields_and_parts_are_told():
    with pytest.raises(ValueError, match=r"record 1 has no field meta.x; it has meta.topic \(set slices\)"):
        made(fields=["meta.x"])
    with pytest.raises(ValueError, match=r"the difficulty of record 2 is not known.*\(set data.difficulty\)"):
        made(parts={"difficulty": {"1": "easy"}})


def test_lists_have_their_worth_and_slices_by_field():
    lists = [Candidates("p", ("a", "b"), (0.0, 1.0)), Candidates("q", ("a",), (2.0,), meta={"kind": "x"})]
    test = as_test_set(Origin("data", "lists"), lists[:1])
    assert test.gold.tolist() == [[0.0, 1.0]]
    assert len(test.target) == 0
    assert np.isnan(as_test_set(Origin("data", "lists"), lists).gold).tolist() == [[False, False], [False, True]]
    parts = as_test_set(Origin("d", "s"), lists[1:], Slicing(["meta.kind"], by_length=True)).slices
    assert list(parts) == [WHOLE, "meta.kind=x"]
    with pytest.raises(ValueError, match=r"the worth of the responses of list .* is not known"):
        as_test_set(Origin("data", "lists"), [Candidates("p", ("a",))])


def test_no_pairs_and_rows_of_any_length():
    assert as_test_set(Origin("d", "s"), []).characters.shape == (0, 2)
    assert padded([], 2).shape == (0, 2)
    assert np.isnan(padded([[], [1.0, None, 2.0]])).tolist() == [[True] * 3, [False, True, False]]


def parted(values):
    records = [
        Preference("p", "a", "b", id=f"{i}", meta={} if value is ... else {"x": value})
        for i, value in enumerate(values)
    ]
    slices = as_test_set(Origin("d", "s"), records, Slicing(["meta.x"])).slices
    return {name: int(chosen.sum()) for name, chosen in slices.items() if name is not None}


def test_a_record_without_a_field_that_others_have_is_in_no_slice_by_it():
    assert parted(["a", ..., "b", "a"]) == {"meta.x=a": 2, "meta.x=b": 1}
    assert parted(["a", ..., "", ...]) == {"meta.x=a": 1, "meta.x=": 1}


def test_many_numbers_are_parted_into_quarters():
    assert parted([*range(100, 0, -1), None, ...]) == {
        "meta.x=1 to 25": 25, "meta.x=26 to 50": 25, "meta.x=51 to 75": 25, "meta.x=76 to 100": 25, "meta.x=None": 1,
    }  # fmt: skip
    assert [*parted([f"0.{i}" for i in range(10, 34)]).values()] == [6, 6, 6, 6]  # as tables have them
    stamps = parted([1_700_000_000 + i for i in range(40)])
    assert [*stamps.values()] == [10, 10, 10, 10]
    assert "meta.x=1700000010 to 1700000019" in stamps
    assert parted([1] * 60 + [*range(2, 42)]) == {"meta.x=1": 60, "meta.x=2 to 16": 15, "meta.x=17 to 41": 25}


def test_few_numbers_and_values_that_are_shared_are_slices_by_themselves():
    assert parted([3, 1, 3, True]) == {"meta.x=3": 2, "meta.x=1": 1, "meta.x=True": 1}
    assert len(parted([f"by {i // 2}" for i in range(60)])) == 30


def test_a_field_of_names_is_told():
    with pytest.raises(ValueError, match=r"meta.x has 30 values in 30 records, expected a field .* \(set slices\)"):
        parted([f"by {i}" for i in range(30)])
