"""Which settings differ among runs."""

import json
from collections.abc import Collection, Mapping, Sequence

Settings = Mapping[str, object]  # values of a configuration by dotted path
FIRST = ("task", "scorer", "data.name", "model.name")  # where several settings differ together, the one that names them
SEED = "seed"
ABSENT = ""  # the value of a setting that a run has not


def varied(settings: Sequence[Settings], swept: Sequence[str] = (), typed: Collection[str] = ()) -> list[str]:
    """Keys whose values differ, those left out that another one decides; the seed comes last.

    Args:
        settings: of each run.
        swept: keys that a sweep went through, where that is known; `data` stands for the name of the data.
        typed: keys that somebody has set, which rather tell what differs than those that follow from them.

    >>> varied([{"lr": 1, "data.name": "a", "data.path": "x"}, {"lr": 1, "data.name": "b", "data.path": "y"}])
    ['data.name']
    """
    keys = sorted(set().union(*settings), key=lambda key: (key not in FIRST, key == SEED, key not in typed, key))
    columns = {key: tuple(plain(row.get(key)) for row in settings) for key in keys}
    differing = [key for key in keys if len(set(columns[key])) > 1]
    asked = [f"{key}.name" if f"{key}.name" in differing else key for key in swept]
    if asked and all(key in differing for key in asked if key != SEED):
        kept = [key for key in differing if key in asked]
        if _tells_apart(columns, kept, len(settings)):
            return kept
    kept = []
    for key in differing:
        if not any(_decides(columns[other], columns[key]) for other in kept):
            kept.append(key)
    return kept


def differing(lines: Sequence[Settings]) -> list[str]:
    """Axes whose values differ among some lines, such as those tested on one set of pairs."""
    return [axis for axis in lines[0] if len({plain(settings[axis]) for settings in lines}) > 1]


def plain(value: object) -> str:
    """A value as a text that equal ones have in common."""
    return json.dumps(value, sort_keys=True, default=str)


def _tells_apart(columns: Mapping[str, tuple[str, ...]], keys: Sequence[str], runs: int) -> bool:
    return len(set(zip(*(columns[key] for key in keys), strict=True))) == runs if keys else runs == 1


def _decides(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    return len(set(zip(first, second, strict=True))) == len(set(first))
