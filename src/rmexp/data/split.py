"""Splits by hash: what is in one is decided by content and seed, never by the order of the rows."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rmexp.data.loading import Loading
from rmexp.records import Preference, PreferenceData, prompt_text


def with_splits(data: PreferenceData, loading: Loading) -> PreferenceData:
    """The data with a `train` and a `val` split: its own, or `all` split by the hash of the prompt or group.

    Raises:
        ValueError: there is too little to split, a group field is missing, or a split is empty.
    """
    splits = dict(data.splits)
    if "all" in splits:
        splits = split_by_hash(splits.pop("all"), loading) | splits
    for name in ("train", "val"):
        if not splits.get(name):
            raise ValueError(f"data set {loading.name} has no pairs in its split `{name}`; give it at least one")
    return replace(data, splits=splits)


def split_by_hash(records: tuple[Preference, ...], loading: Loading) -> dict[str, tuple[Preference, ...]]:
    """Put whole groups, in the order of their hashes, into `val` until it holds `val_fraction` of the pairs.

    A group is all pairs of one prompt, or of one value of `loading.group`; the order of records is kept.
    """
    groups: dict[str, int] = defaultdict(int)
    keys = [group_key(record, loading.group) for record in records]
    for key in keys:
        groups[key] += 1
    if len(groups) < 2:
        by = f"value of data.group={loading.group}" if loading.group else "prompt"
        raise ValueError(
            f"{loading.name} cannot be split into train and val: {len(records)} pair(s) with {len(groups)} {by}, "
            "expected at least 2 (add data, or set data.val_path)"
        )
    held_out: set[str] = set()
    pairs = 0
    for key in sorted(groups, key=lambda key: _hash(key, loading.split_seed)):
        held_out.add(key)
        pairs += groups[key]
        if pairs >= loading.val_fraction * len(records) or len(held_out) == len(groups) - 1:
            break
    train = tuple(record for record, key in zip(records, keys, strict=True) if key not in held_out)
    val = tuple(record for record, key in zip(records, keys, strict=True) if key in held_out)
    return {"train": train, "val": val}


def group_key(record: Preference, group: str | None) -> str:
    """What keeps a record together with others in one split: its prompt, or the value of a field such as `meta.topic`.

    Raises:
        ValueError: the record does not have the field.
    """
    if group is None:
        return prompt_text(record.prompt)
    value: Any = {"meta": record.meta, "id": record.id, "target": record.target}
    for part in group.split("."):
        if not isinstance(value, Mapping) or part not in value:
            has = ", ".join(f"meta.{name}" for name in record.meta) or "no meta fields"
            raise ValueError(f"record {record.id} has no field {group}; it has {has} (set data.group)")
        value = value[part]
    return str(value)


def _hash(key: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\n{key}".encode()).digest()
