"""Values of a configuration by their dotted paths, in the words of the first version or in those of today.

Two configurations are the same run where their values are the same in either; see `moved`.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from rmexp.config.identity import moved
from rmexp.config.identity.named_after import with_first_names
from rmexp.config.identity.unset import with_unset

TARGET = "_target_"
REFERENCE, INIT_FROM = "model.reference", "model.init_from"
STARTED_FROM_REFERENCE = ("sft", "reward")  # tasks that are measured against nothing


def first_values(content: Mapping[str, object]) -> dict[str, object]:
    """Every value as the first version that knew it had it, without later keys that change nothing.

    Args:
        content: a configuration as plain data.
    """
    values = _with_first_keys(with_unset(leaves(with_first_targets(content))))
    return with_first_names(without_implied(values))


def todays_values(content: Mapping[str, object]) -> dict[str, object]:
    """Every value as it is called now.

    Args:
        content: a configuration as plain data, of any version.
    """
    return _with_todays_keys(leaves(with_todays_targets(content)))


def leaves(content: Any, path: str = "") -> dict[str, object]:
    """Every value of nested dicts by its dotted path; a list or an empty dict is a value."""
    if not isinstance(content, dict) or not content:
        return {path: content}
    return {
        key: leaf
        for name, value in content.items()
        for key, leaf in leaves(value, f"{path}.{name}" if path else str(name)).items()
    }


def with_todays_targets(content: Any) -> Any:
    """Plain data of a configuration with every `_target_` as it is called now."""
    return _renamed(content, {old: now for old in moved.MOVED if (now := moved.moved_to(old))})


def with_first_targets(content: Any) -> Any:
    """Plain data of a configuration with every `_target_` as it was called first."""
    came_from = {now: old for old, now in moved.MOVED.items()}
    first = {}
    for now in came_from:
        old = now
        while old in came_from:
            old = came_from[old]
        first[now] = old
    return _renamed(content, first)


def _renamed(content: Any, names: Mapping[str, str]) -> Any:
    if isinstance(content, dict):
        return {
            key: names.get(value, value) if key == TARGET and isinstance(value, str) else _renamed(value, names)
            for key, value in content.items()
        }
    if isinstance(content, list):
        return [_renamed(value, names) for value in content]
    return content


def _with_todays_keys(values: Mapping[str, object]) -> dict[str, object]:
    """Values of a stage, each key as it is called now; those that are gone are left out.

    Once `model.reference` was what every task starts from; now it is what a policy is measured against.
    """
    given = values.get(REFERENCE) if values.get("task") in STARTED_FROM_REFERENCE else None
    renamed = {moved.MOVED_KEYS[key]: value for key, value in values.items() if key in moved.MOVED_KEYS}
    own = {key: _with(moved.MOVED_VALUES, key, value) for key, value in values.items() if key not in moved.GONE}
    kept = renamed | own
    return {**kept, REFERENCE: None, INIT_FROM: given} if given is not None else kept


def _with_first_keys(values: Mapping[str, object]) -> dict[str, object]:
    """Values of a stage with its keys as they were called first, and those that are gone."""
    given = values.get(INIT_FROM) if values.get("task") in STARTED_FROM_REFERENCE else None
    groups = {key.partition(".")[0] for key in values}
    first = {key: {now: old for old, now in moves.items()} for key, moves in moved.MOVED_VALUES.items()}
    kept = {key: value for key, value in moved.GONE.items() if key.partition(".")[0] in groups}
    kept |= {key: _with(first, key, value) for key, value in values.items()}
    return {**kept, REFERENCE: given, INIT_FROM: None} if given is not None else kept


def _with(moves: Mapping[str, Mapping[Any, Any]], key: str, value: Any) -> Any:
    """A value as it is called by some moves; only a text moves, so that a number is that number in either words."""
    return moves.get(key, {}).get(value, value) if isinstance(value, str) else value


def without_implied(values: Mapping[str, object]) -> dict[str, object]:
    """Values without later keys that only say what was done before there were such keys."""
    return {key: value for key, value in values.items() if value not in implied(key)}


def with_implied(values: Mapping[str, object], keys: Iterable[str]) -> dict[str, object]:
    """Values with those that a configuration from before the later ones of `keys` stands for."""
    return {key: value for key in keys if key not in values for value in implied(key)} | dict(values)


def implied(key: str) -> list[Any]:
    """What was done before there was a later key; nothing of the others."""
    return [value for pattern, value in moved.LATER.items() if fnmatchcase(key, pattern)]
