"""Parts of a test set that are looked at by themselves.

Shapes: N records.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rmexp.evaluation.field_slices import field_slices
from rmexp.evaluation.measures.difficulty import BINS
from rmexp.evaluation.measures.length_parts import length_parts
from rmexp.records import Record

WHOLE = None  # the slice of all records
DIFFICULTY = "difficulty"
TRAINED_ON = "trained on"  # what a scorer's model was trained on, which the headline leaves out: see `apart`

Parts = Mapping[str, Mapping[str, str]]  # by what tells parts apart, the part of each record by its id
Slices = dict[str | None, NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Slicing:
    """What a set is parted by.

    Attributes:
        fields: such as `meta.topic`: each of their values is a slice, or each quarter where they are many numbers.
        parts: names of the parts of records by their id, by what tells the parts apart, such as `difficulty`; one that
            all records share is no slice.
        by_length: whether pairs are parted by which response is longer, too.
    """

    fields: Sequence[str] = ()
    parts: Parts = field(default_factory=dict)
    by_length: bool = False


NO_SLICES = Slicing()


def slices_of(
    slicing: Slicing, records: Sequence[Record], characters: NDArray[np.int64], target: NDArray[np.float64]
) -> Slices:
    """(N,) which records each slice has, by its name; all of them first, difficult ones last.

    Args:
        slicing: what they are parted by.
        records: of the set.
        characters: (N, 2) length of both responses of each pair; empty for lists.
        target: (N,) probability that the first is the better one; empty for lists.

    Raises:
        ValueError: no record has a field, most have a value of their own, or the part of one is not known.
    """
    slices: Slices = {WHOLE: np.ones(len(records), dtype=bool)}
    if slicing.by_length and len(target) == len(records):
        slices |= length_parts(characters, target)
    for name in slicing.fields:
        slices.update(field_slices(name, records, "slices"))
    for name, parts in slicing.parts.items():
        own = [_part(name, parts, record) for record in records]
        if len(set(own)) > 1:
            slices |= {f"{name}={part}": np.array(own) == part for part in sorted(set(own), key=_place)}
    return slices


def _place(part: str) -> tuple[int, str]:
    """Easy pairs before hard ones, all others by their name."""
    return (BINS.index(part) if part in BINS else len(BINS), part)


def _part(name: str, parts: Mapping[str, str], record: Record) -> str:
    if record.id not in parts:
        remedy = "; profile this data (set data.difficulty)" if name == DIFFICULTY else ""
        raise ValueError(f"the {name} of record {record.id} is not known{remedy}")
    return parts[record.id]
