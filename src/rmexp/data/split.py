"""Splits by hash, which content and seed decide, never the order of the rows."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rmexp.data.clusters import cluster_numbers, group_key
from rmexp.data.known_keys import text_keys
from rmexp.data.loading import SplitRule
from rmexp.data.normalised import known_by
from rmexp.data.passes import column
from rmexp.preference_data import PreferenceData
from rmexp.records import Candidates, Preference, Record
from rmexp.stored_records import stored

log = logging.getLogger(__name__)

R = TypeVar("R", Preference, Candidates)


def with_splits(data: PreferenceData, rule: SplitRule, name: str, *, keyed: bool = False) -> PreferenceData:
    """The data with a `train` and a `val` split: its own, or `all` split by the hash of the prompt or group.

    With data.val_fraction=0 all of `all` is `train`, and there is no `val`.

    Args:
        data: pairs and lists, or demonstrations.
        rule: how `all` is split.
        name: of the data, for messages.
        keyed: see `split_by_hash`; nobody asks it of demonstrations.

    Raises:
        ValueError: there is too little to split, a group field is missing, or a split is empty.
    """
    if data.demonstrations:
        return replace(data, demonstrations=_parted(data.demonstrations, rule, name, "demonstrations"))
    return replace(data, splits=_parted(data.splits, rule, name, "pairs", keyed=keyed))


def _parted(
    splits: Mapping[str, Sequence[R]], rule: SplitRule, data: str, what: str, *, keyed: bool = False
) -> dict[str, Sequence[R]]:
    parted: dict[str, Sequence[R]] = dict(splits)
    if parted.get("all") and not rule.val_fraction:
        whole = parted.pop("all")
        log.info("%s: all %d %s are trained on and none validates (data.val_fraction=0)", data, len(whole), what)
        return {"train": whole} | parted
    if "all" in parted and rule.val_fraction:
        parted = split_by_hash(parted.pop("all"), rule, data, keyed=keyed) | parted
    for name in ("train", "val"):
        if not parted.get(name):
            raise ValueError(f"data set {data} has no {what} in its split `{name}`; give it at least one")
    return parted


def split_by_hash(records: Sequence[R], rule: SplitRule, name: str, *, keyed: bool = False) -> dict[str, Sequence[R]]:
    """Put whole groups, in the order of their hashes, into `val` until it holds `val_fraction` of the records.

    A group is all records of one prompt, or of one value of `rule.group`; the order of records is kept. An empty
    prompt keeps nothing together: such a record is a group by its responses.

    Args:
        records: at least two groups of them.
        rule: how they are split.
        name: of the data, for messages.
        keyed: whether `keys_of` of `rmexp.data.known_keys` will be asked for, as where leaks are looked for: the pass
            over the records finds them too, unless they are split by another group than their prompt.

    Raises:
        ValueError: there are fewer groups, or a record does not have the field.
    """
    whole = stored(records)
    if keyed and rule.group is None:
        hashes, whole.keys = _hashes_and_keys(whole, rule.split_seed)
    else:
        hashes = _hashes(whole, rule)
    groups, group, sizes = np.unique(hashes, return_inverse=True, return_counts=True)
    if len(groups) < 2:
        by = f"value of data.group={rule.group}" if rule.group else "prompt"
        raise ValueError(
            f"{name} cannot be split into train and val: {len(records)} pair(s) with {len(groups)} {by}, "
            "expected at least 2 (add data, or set data.val_path)"
        )
    enough = int(np.searchsorted(np.cumsum(sizes), rule.val_fraction * len(records))) + 1
    held_out = group < min(enough, len(groups) - 1)
    train, val = whole.of(~held_out), whole.of(held_out)
    for part, own in ((train, group[~held_out]), (val, group[held_out])):
        part.clusters[rule.group] = cluster_numbers(own)
    return {"train": train, "val": val}


def _hashes(records: Sequence[R], rule: SplitRule) -> NDArray[np.uint64]:
    """(N,) of each record's group."""
    return column(
        lambda some: [_hash(group_key(record, rule.group), rule.split_seed) for record in some], records, np.uint64
    )


def _hashes_and_keys(records: Sequence[R], seed: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """(N,) of each record's prompt, and its (N, 2) keys."""
    found = column(lambda some: [_hash_and_keys(record, seed) for record in some], records, np.uint64, 3)
    return found[:, 0].copy(), found[:, 1:].copy()


def _hash_and_keys(record: Record, seed: int) -> tuple[int, int, int]:
    text = known_by(record)
    return _hash(text, seed), *text_keys(text)


def _hash(key: str, seed: int) -> int:
    """The first eight bytes of a SHA-256: groups are ordered as by the whole of it."""
    return int.from_bytes(hashlib.sha256(f"{seed}\n{key}".encode()).digest()[:8], "big")
