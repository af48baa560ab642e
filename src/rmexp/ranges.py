"""Ranges of numbers, as annotations say them: `Annotated[float, "in [0, 1)"]`.

The configuration is checked against those of whatever it names before that is imported. Settings check themselves by
the same annotations when they are made. An infinite number is in no range but that of a limit, which says so as in
`> 0 or inf`.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from typing import Annotated, Any, NamedTuple, get_args, get_origin

FINITE = "finite"
OR_INFINITE = " or inf"
_FORMS = (
    rf"at least (?P<least>\S+?)(?P<endless>{OR_INFINITE})?",
    r"at most (?P<most>\S+)",
    rf"> (?P<above>\S+?)(?P<endless>{OR_INFINITE})?",
    r"in (?P<opens>[\[(])(?P<low>\S+), (?P<high>\S+)(?P<closes>[\])])",
    FINITE,
)


class Range(NamedTuple):
    """Numbers between two others, which are none of them where they are left out; a NaN never is.

    Attributes:
        words: that say it.
        low: the smallest.
        high: the greatest.
        without_low: whether the smallest is left out.
        without_high: whether the greatest is.
    """

    words: str
    low: float = -math.inf
    high: float = math.inf
    without_low: bool = False
    without_high: bool = False

    def holds(self, value: float) -> bool:
        """Whether a number is in it.

        >>> [read_range("in [0, 1)").holds(value) for value in (0, 0.5, 1, float("nan"))]
        [True, True, False, False]
        >>> read_range("at least 0").holds(math.inf), read_range("at least 0 or inf").holds(math.inf)
        (False, True)
        """
        above = value > self.low if self.without_low else value >= self.low
        below = value < self.high if self.without_high else value <= self.high
        return above and below

    def told(self, value: float) -> str:
        """Its words for a number that is not in it.

        >>> read_range("> 0").told(-1), read_range("> 0").told(math.inf)
        ('> 0', 'finite and > 0')
        """
        known = self.words == FINITE or self.words.endswith(OR_INFINITE)
        return self.words if known or not math.isinf(value) else f"{FINITE} and {self.words}"


@cache
def read_range(words: str) -> Range | None:
    """A range said in words: `at least 1`, `at most 0`, `> 0`, `in [0, 1]`, `in (0, 1)` and so on, or `finite`.

    A limit may be `at least 0 or inf`.

    >>> read_range("how much there is") is None
    True
    """
    found = next((match for form in _FORMS if (match := re.fullmatch(form, words))), None)
    if found is None:
        return None
    said = found.groupdict()
    low = next((float(said[name]) for name in ("least", "above", "low") if said.get(name)), -math.inf)
    high = next((float(said[name]) for name in ("most", "high") if said.get(name)), math.inf)
    without_low = math.isinf(low) or "above" in said or said.get("opens") == "("
    without_high = (math.isinf(high) and not said.get("endless")) or said.get("closes") == ")"
    return Range(words, low, high, without_low, without_high)


def check_range(key: str, value: float, words: str) -> None:
    """Refuse an argument that is out of a range.

    Args:
        key: of the configuration, whose last name is that of the argument.
        value: of it.
        words: of the range.

    Raises:
        ValueError: naming argument, range, value and key.
    """
    found = read_range(words)
    assert found is not None, words
    if not found.holds(value):
        raise ValueError(f"`{key.rpartition('.')[2]}` must be {found.told(value)}, got {value} (set {key})")


def check_ranges(settings: Any, group: str) -> None:
    """Refuse settings that are out of the ranges which their annotations say.

    Args:
        settings: a dataclass.
        group: of the configuration whose keys its fields are; empty for none.

    Raises:
        ValueError: naming key, range and value.
    """
    for field in fields(settings):
        value = getattr(settings, field.name)
        for found in _ranges(field.type):
            if isinstance(value, int | float) and not found.holds(value):
                key = f"{group}.{field.name}" if group else f"`{field.name}`"
                raise ValueError(f"{key} must be {found.told(value)}, got {value}")


def _ranges(annotation: Any) -> Iterator[Range]:
    """Those of an annotation, or of what it is a union of."""
    if get_origin(annotation) is Annotated:
        yield from filter(None, (read_range(words) for words in annotation.__metadata__ if isinstance(words, str)))
    else:
        for part in get_args(annotation):
            yield from _ranges(part)
