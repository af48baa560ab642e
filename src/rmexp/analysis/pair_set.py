"""Pairs that scorers are judged on, with all that a figure may depend on beside the scores.

Shapes: N pairs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rmexp.analysis.ceiling import Truth, truth_of
from rmexp.analysis.clusters import clusters_of
from rmexp.analysis.length_parts import length_parts
from rmexp.data.split import group_key
from rmexp.data.text_measures import markdown_marks
from rmexp.records import Preference

WHOLE = None  # the slice of all pairs


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no single truth value
class PairSet:
    """One split of one data set.

    Attributes:
        data: name of the data set.
        split: name of the split.
        records: the pairs.
        target: (N,) probability that the response listed first is the better one.
        clusters: (N,) numbers of what is independent of each other.
        characters: (N, 2) length of both responses.
        markdown: (N, 2) markdown marks in both.
        slices: (N,) which pairs each slice has, by its name; all of them under `WHOLE`, which comes first.
        truth: true probabilities of the labels; None where they are not known.
    """

    data: str
    split: str
    records: Sequence[Preference]
    target: NDArray[np.float64]
    clusters: NDArray[np.int64]
    characters: NDArray[np.int64]
    markdown: NDArray[np.int64]
    slices: Mapping[str | None, NDArray[np.bool_]]
    truth: Truth | None


def pair_set(
    data: str,
    split: str,
    records: Sequence[Preference],
    *,
    group: str | None,
    fields: Sequence[str],
    bins: Mapping[str, str] | None,
) -> PairSet:
    """Measure the pairs and part them into slices.

    Args:
        data: name of the data set.
        split: name of the split.
        records: at least one pair.
        group: field whose values are independent of each other; the prompt when None.
        fields: such as `meta.topic`: each of their values is a slice, beside those by length.
        bins: difficulty of each pair by id, where it is known.

    Raises:
        ValueError: a record lacks a field, or its difficulty is not known.
    """
    target = np.array([record.target for record in records], dtype=np.float64)
    characters = np.array([[len(text) for text in record.responses] for record in records], dtype=np.int64)
    markdown = np.array([[markdown_marks(text) for text in record.responses] for record in records], dtype=np.int64)
    slices: dict[str | None, NDArray[np.bool_]] = {WHOLE: np.ones(len(records), dtype=bool)}
    slices |= length_parts(characters, target)
    for field in fields:
        slices |= _by_value(field, [group_key(record, field, "slices") for record in records])
    if bins is not None:
        slices |= _by_value("difficulty", [_bin(bins, record) for record in records])
    clusters, truth = clusters_of(records, group), truth_of(records)
    return PairSet(data, split, records, target, clusters, characters, markdown, slices, truth)


def _by_value(field: str, values: Sequence[str]) -> dict[str | None, NDArray[np.bool_]]:
    names = np.array(values)
    return {f"{field}={value}": names == value for value in dict.fromkeys(values)}


def _bin(bins: Mapping[str, str], record: Preference) -> str:
    if record.id not in bins:
        raise ValueError(f"the difficulty of record {record.id} is not known; profile this data (set data.difficulty)")
    return bins[record.id]
