"""Slices by a field of the records: one for each value, or for each quarter of many numbers.

Shapes: N records.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.data.record_field import has_field, record_field
from rmexp.records import Record

MOST_VALUES = 20  # that are slices whatever they are


def field_slices(name: str, records: Sequence[Record], key: str) -> dict[str, NDArray[np.bool_]]:
    """(N,) which records each slice has, by its name; a record without the field is in none.

    Args:
        name: of the field, such as `meta.topic`.
        records: of the set.
        key: of the configuration that names the field, for messages.

    Raises:
        ValueError: no record has the field, or most have a value of their own that is no number.
    """
    places, values = [], []
    for place, record in enumerate(records):
        if has_field((record,), name):
            places.append(place)
            values.append(record_field(record, name, key))
    if len(records) and not places:
        record_field(records[0], name, key)
    parts, order = _parts(name, values, key)
    found = np.full(len(records), None)  # no text: an empty one is a value
    found[places] = parts
    return {f"{name}={part}": found == part for part in order}


def _parts(name: str, values: Sequence[Any], key: str) -> tuple[Sequence[str], Iterable[str]]:
    """The part of each value, itself or the quarter that a number lies in, and all parts in order."""
    texts = [str(value) for value in values]
    distinct = dict.fromkeys(texts)
    if len(distinct) <= MOST_VALUES:
        return texts, distinct
    numbers = [_number(value) for value in values]
    if all(number is not None or value in (None, "") for number, value in zip(numbers, values, strict=True)):
        quarters = _quarters(np.array([number for number in numbers if number is not None]))
        parts = [text if number is None else quarters[number] for number, text in zip(numbers, texts, strict=True)]
        return parts, dict.fromkeys([*quarters.values(), *parts])
    if 2 * len(distinct) > len(values):
        raise ValueError(
            f"{name} has {len(distinct):,} values in {len(values):,} records, expected a field with values that "
            f"several records share (set {key})"
        )
    return texts, distinct


def _number(value: Any) -> float | None:
    """The number that a value is or, as in tables, says; None for any other."""
    try:
        number = None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
    return number if number is not None and math.isfinite(number) else None


def _quarters(numbers: NDArray[np.float64]) -> Mapping[float, str]:
    """Each number, in order, with the name of its quarter: the least and the greatest one there."""
    edges = np.unique(np.quantile(numbers, (0.25, 0.5, 0.75), method="inverted_cdf"))
    numbers = np.unique(numbers)
    quarter = np.searchsorted(edges, numbers)
    bounds = {part: (numbers[quarter == part].min(), numbers[quarter == part].max()) for part in np.unique(quarter)}
    for digits in (4, 8, 17):  # as many as tell the quarters apart
        texts = {part: [f"{bound:.{digits}g}" for bound in pair] for part, pair in bounds.items()}
        names = {part: " to ".join(dict.fromkeys(pair)) for part, pair in texts.items()}
        if len({*names.values()}) == len(names):
            break
    return {number: names[part] for number, part in zip(numbers.tolist(), quarter, strict=True)}
