import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest

from rmexp.runs.rows import FLAT, IF_KNOWN, from_row, to_row


class Place(NamedTuple):
    name: str
    ends: tuple[int, int]


@dataclass(frozen=True)
class Part:
    low: float
    high: float | None


@dataclass(frozen=True)
class Whole:
    title: str
    part: Part = field(metadata=FLAT)
    places: tuple[Place, ...] = ()
    parts: Mapping[str, Part] = field(default_factory=dict)
    extra: Part | None = None
    cut: int | None = field(default=None, metadata=IF_KNOWN)


FULL = Whole("t", Part(1.0, None), (Place("p", (1, 2)),), {"a": Part(0.0, 1.0)}, Part(2.0, 3.0), 4)
ROW = {
    **{"title": "t", "low": 1.0, "high": None, "places": [{"name": "p", "ends": [1, 2]}]},
    **{"parts": {"a": {"low": 0.0, "high": 1.0}}, "extra": {"low": 2.0, "high": 3.0}, "cut": 4},
}


def test_a_record_becomes_a_row_that_json_takes_and_comes_back():
    assert to_row(FULL) == ROW
    assert from_row(Whole, json.loads(json.dumps(to_row(FULL)))) == FULL


def test_a_key_of_something_unknown_is_left_out_and_one_that_is_missing_has_its_default():
    short = Whole("t", Part(1.0, 2.0))
    assert to_row(short) == {"title": "t", "low": 1.0, "high": 2.0, "places": [], "parts": {}, "extra": None}
    assert from_row(Whole, {"title": "t", "low": 1.0, "high": 2.0, "of a later version": 1}) == short


def test_a_missing_key_without_a_default_is_told():
    with pytest.raises(ValueError, match="the key `high` of Part, got title, low"):
        from_row(Whole, {"title": "t", "low": 1.0})
