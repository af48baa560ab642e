from dataclasses import dataclass
from typing import Annotated

import pytest

from rmexp.ranges import check_range, check_ranges, read_range

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("words", "inside", "outside"),
    [
        ("at least 1", [1, 1e300], [0.999, -1, INF, -INF]),
        ("at least 1 or inf", [1, 1e300, INF], [0.999, -1, -INF]),
        ("at most 0", [0, -5], [1e-9, INF, -INF]),
        ("> 0", [1e-300, 1e300], [0, -1, INF, -INF]),
        ("> 0 or inf", [1e-300, INF], [0, -1, -INF]),
        ("in [0, 1]", [0, 1], [-1e-9, 1.001, INF, -INF]),
        ("in [0, 1)", [0, 0.999], [1, -0.1]),
        ("in (0, 1]", [1e-9, 1], [0, 1.1]),
        ("in (0, 0.5)", [0.25], [0, 0.5]),
        ("finite", [0, -1e300], [INF, -INF]),
    ],
)
def test_a_range_holds_what_its_words_say_and_nothing_that_is_no_number(words, inside, outside):
    found = read_range(words)
    assert [value for value in inside if not found.holds(value)] == []
    assert [value for value in [*outside, NAN] if found.holds(value)] == []


@pytest.mark.parametrize("words", ["", "at least", "how much", "in 0 to 1", ">0"])
def test_other_words_say_no_range(words):
    assert read_range(words) is None


@dataclass(frozen=True)
class Settings:
    name: str
    share: Annotated[float, "in [0, 1]"]
    beta: Annotated[float, "> 0"]
    steps: Annotated[int, "at least 1"] | None


def test_settings_are_checked_by_their_annotations():
    check_ranges(Settings("a", 0.5, 0.1, None), "data")
    with pytest.raises(ValueError, match=r"^data.share must be in \[0, 1\], got nan$"):
        check_ranges(Settings("a", NAN, 0.1, None), "data")
    with pytest.raises(ValueError, match=r"^`steps` must be at least 1, got 0$"):
        check_ranges(Settings("a", 0.5, 0.1, 0), "")
    with pytest.raises(ValueError, match=r"^loss.beta must be finite and > 0, got inf$"):
        check_ranges(Settings("a", 0.5, INF, None), "loss")


def test_an_argument_is_checked_by_the_words_of_its_range():
    check_range("loss.beta", 0.1, "> 0")
    with pytest.raises(ValueError, match=r"^`beta` must be finite and > 0, got inf \(set loss.beta\)$"):
        check_range("loss.beta", INF, "> 0")
