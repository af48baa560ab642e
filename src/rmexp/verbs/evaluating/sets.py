"""What `rmexp evaluate` looks at: splits of pairs, and lists of responses whose worth is known."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from rmexp.data.difficulty import read_difficulty
from rmexp.data.loaded import LoadedData
from rmexp.data.loading import Limits
from rmexp.data.record_field import has_field
from rmexp.data.split import with_splits
from rmexp.evaluation.apart import KEEP
from rmexp.evaluation.slices import DIFFICULTY, Slicing
from rmexp.evaluation.test_set import Origin, TestSet, as_test_set
from rmexp.records import Record

log = logging.getLogger(__name__)


class EvaluatedSet(NamedTuple):
    """A test set, the limits of its data set that scorers keep to, and whether figures keep what was trained on."""

    test: TestSet
    limits: Limits
    keeps_trained_on: bool


class _Part(NamedTuple):
    """A split of pairs, or a set of lists, of a data set."""

    name: str  # of the data set
    split: str
    records: Sequence[Record]
    pairs: bool
    data: LoadedData


def evaluated_sets(data: Mapping[str, LoadedData], splits: Sequence[str], slices: Sequence[str]) -> list[EvaluatedSet]:
    """What is evaluated of the data sets, in parts.

    Args:
        data: by name.
        splits: names of those wanted; when empty all but `train`, or `train` where there is nothing else, and all sets
            of lists whose worth is known. Where `train` or `val` is named, pairs of the first data set that come
            unsplit are split as a training on them splits them.
        slices: fields whose values are looked at by themselves; one that only other sets have is passed over.

    Raises:
        ValueError: there is nothing to evaluate, no such split, no such field, or a difficulty is not known.
    """
    parts, bins = _chosen(data, splits), dict[str, Mapping[str, str] | None]()
    for name, loaded in data.items():
        bins[name] = None if loaded.selection is None else read_difficulty(loaded.selection.difficulty)
    known = [{field for field in slices if has_field(part.records, field)} for part in parts]
    sets = []
    for part, own in zip(parts, known, strict=True):
        elsewhere = [field for field in slices if field not in own and any(field in other for other in known)]
        for field in elsewhere:
            log.info("%s %s has no field %s: no slices by it there", part.name, part.split, field)
        fields = [field for field in slices if field not in elsewhere]
        difficulty = bins[part.name] if part.pairs else None
        slicing = Slicing(fields, {} if difficulty is None else {DIFFICULTY: difficulty}, by_length=True)
        group, selection = part.data.split_rule.group, part.data.selection
        origin = Origin(part.name, part.split, group=group, aggregate=part.data.records.aggregate)
        keeps = selection is not None and selection.trained_on == KEEP
        test = as_test_set(origin, part.records, slicing)
        _tell_without(test, fields)
        sets.append(EvaluatedSet(test, part.data.limits, keeps))
    return sets


def _tell_without(test: TestSet, fields: Sequence[str]) -> None:
    """Say how many records of a set lack a field that others have."""
    for field in fields:
        own = [chosen for name, chosen in test.slices.items() if name is not None and name.startswith(f"{field}=")]
        total = len(test.records)
        without = total - int(np.any(own, axis=0).sum())
        if without:
            log.info("%s: %d of %d records have no %s: they are in no slice by it", test.title, without, total, field)


def _chosen(data: Mapping[str, LoadedData], splits: Sequence[str]) -> list[_Part]:
    data = dict(data)
    name, first = next(iter(data.items()))
    if {"train", "val"} & set(splits) and "all" in first.records.splits:
        data[name] = first._replace(records=with_splits(first.records, first.split_rule, first.name))
    found = [part for name, loaded in data.items() for part in _parts(name, loaded)]
    there = list(dict.fromkeys(part.split for part in found))
    unknown = [name for name in splits if name not in there]
    if unknown or not found:
        has = ", ".join(there) or "neither pairs nor lists with the worth of their responses (`gold`)"
        raise ValueError(
            f"expected the splits {', '.join(unknown) or 'of a data set'}, but there are {has} (set splits)"
        )
    return [part for part in found if part.split in splits or (not splits and not _only_for_training(part, found))]


def _parts(name: str, data: LoadedData) -> Iterator[_Part]:
    for split, records in data.records.splits.items():
        if records:
            yield _Part(name, split, records, True, data)
    for split, lists in data.records.candidates.items():
        if lists and all(record.gold is not None for record in lists):
            yield _Part(name, split, lists, False, data)


def _only_for_training(part: _Part, parts: Sequence[_Part]) -> bool:
    return part.split == "train" and any(other.name == part.name and other.split != "train" for other in parts)
