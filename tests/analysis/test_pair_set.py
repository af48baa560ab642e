import numpy as np
import pytest

from rmexp.analysis.pair_set import WHOLE, pair_set
from rmexp.records import Preference

RECORDS = [
    Preference("p", "**long** answer", "short", meta={"topic": "a"}, id="1"),
    Preference("p", "x", "longer", meta={"topic": "b"}, id="2"),
    Preference("q", "same", "also", 0.0, meta={"topic": "b"}, id="3"),
]


def made(**options):
    return pair_set("data", "val", RECORDS, **{"group": None, "fields": [], "bins": None, **options})


def test_what_is_measured():
    pairs = made()
    assert pairs.target.tolist() == [1, 1, 0]
    assert pairs.characters.tolist() == [[15, 5], [1, 6], [4, 4]]
    assert pairs.markdown.tolist() == [[1, 0], [0, 0], [0, 0]]
    assert pairs.clusters.tolist() == [0, 0, 1]
    assert made(group="meta.topic").clusters.tolist() == [0, 1, 1]


def test_slices_are_all_pairs_lengths_fields_and_difficulty():
    slices = made(fields=["meta.topic"], bins={"1": "easy", "2": "hard", "3": "hard"}).slices
    assert next(iter(slices)) is WHOLE
    assert slices[WHOLE].all()
    assert slices["length=shorter_chosen"].tolist() == [False, True, False]
    assert slices["meta.topic=b"].tolist() == [False, True, True]
    assert slices["difficulty=easy"].tolist() == [True, False, False]
    assert (
        np.sum([part for name, part in slices.items() if name and name.startswith("meta")], axis=0).tolist() == [1] * 3
    )


def test_unknown_fields_and_difficulties_are_told():
    with pytest.raises(ValueError, match=r"record 1 has no field meta.x; it has meta.topic \(set slices\)"):
        made(fields=["meta.x"])
    with pytest.raises(ValueError, match=r"the difficulty of record 2 is not known.*\(set data.difficulty\)"):
        made(bins={"1": "easy"})
