"""Which settings differ among runs, and the runs that differ in nothing but their seed put together."""

import json
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from rmexp.statistics.means import mean_interval

Settings = Mapping[str, Any]  # values of a configuration by dotted path
FIRST = ("task", "scorer", "data.name", "model.name")  # where several settings differ together, the one that names them
SEED = "seed"


class Run(NamedTuple):
    """A finished run.

    Attributes:
        folder: as text for the reader, and to find what it left.
        settings: of it.
        rows: figures on whole sets of pairs, as `evaluation` of summary.json has them.
        seconds: that it took.
        policy: of reinforcement learning, `gain` and `gold` in deviations of the starting policy, and `kl` in nats.
    """

    folder: str
    settings: Settings
    rows: Sequence[Mapping[str, Any]]
    seconds: float
    policy: Mapping[str, Any] | None = None


class Group(NamedTuple):
    """Runs alike but for their seed, on one set of pairs.

    Attributes:
        settings: value of each axis.
        data: what they were tested on.
        split: of it.
        n: pairs with a preference.
        folders: of the runs.
        accuracies: of each run, in [0, 1].
        accuracy: mean of them.
        low: lower end of its 95 % interval: over seeds (Student), or of the pairs (Wilson) where there is one run.
        high: upper end.
        nll: mean log-loss in nats; None where it is not known.
        longer: what "the longer one wins" gets; None where it is not known.
        ceiling: best possible accuracy; None where it is not known.
        seconds: mean time of a run.
    """

    settings: dict[str, Any]
    data: str
    split: str
    n: int
    folders: tuple[str, ...]
    accuracies: tuple[float, ...]
    accuracy: float
    low: float | None
    high: float | None
    nll: float | None
    longer: float | None
    ceiling: float | None
    seconds: float


def varied(settings: Sequence[Settings], swept: Sequence[str] = ()) -> list[str]:
    """Keys whose values differ, those left out that another one decides; the seed comes last.

    Args:
        settings: of each run.
        swept: keys that a sweep went through, where that is known; `data` stands for the name of the data.

    >>> varied([{"lr": 1, "data.name": "a", "data.path": "x"}, {"lr": 1, "data.name": "b", "data.path": "y"}])
    ['data.name']
    """
    keys = sorted(set().union(*settings), key=lambda key: (key not in FIRST, key == SEED, key))
    columns = {key: tuple(_plain(row.get(key)) for row in settings) for key in keys}
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


def differing(groups: Sequence[Group]) -> list[str]:
    """Axes whose values differ among some of the groups, such as those tested on one set of pairs."""
    return [axis for axis in groups[0].settings if len({_plain(group.settings[axis]) for group in groups}) > 1]


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _tells_apart(columns: Mapping[str, tuple[str, ...]], keys: Sequence[str], runs: int) -> bool:
    return len(set(zip(*(columns[key] for key in keys), strict=True))) == runs if keys else runs == 1


def _decides(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    return len(set(zip(first, second, strict=True))) == len(set(first))


def grouped(runs: Sequence[Run], axes: Sequence[str]) -> list[Group]:
    """Groups of the runs on each data set they were tested on, in the order of the runs.

    Args:
        runs: finished ones.
        axes: keys that tell groups apart, the seed not counted.
    """
    found: dict[str, list[tuple[Run, Mapping[str, Any]]]] = {}
    places: dict[str, tuple[dict[str, Any], str]] = {}
    for run in runs:
        scorers = {row["scorer"] for row in run.rows}
        for row in _headline(run.rows):
            settings = {axis: run.settings.get(axis) for axis in axes if axis != SEED}
            settings |= {"scorer": row["scorer"]} if len(scorers) > 1 else {}
            key = _plain([settings, row["data"], row["split"]])
            places[key] = (settings, row["data"])
            found.setdefault(key, []).append((run, row))
    return [_group(*places[key], members) for key, members in found.items()]


def _headline(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """For each data set the row that stands for it: of a split `test` rather than another."""
    chosen: dict[tuple[str, str], Mapping[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["split"] == "test"):
        place = (row["scorer"], row["data"])
        if place not in chosen or row["split"] == "test":
            chosen[place] = row
    return list(chosen.values())


def _group(settings: dict[str, Any], data: str, members: Sequence[tuple[Run, Mapping[str, Any]]]) -> Group:
    rows = [row for _, row in members if row["accuracy"] is not None]
    accuracies = tuple(row["accuracy"] for row in rows)
    first = members[0][1]
    low, high = mean_interval(accuracies)
    if len(accuracies) == 1:
        low, high = rows[0].get("accuracy_low"), rows[0].get("accuracy_high")
    losses = [row["nll"] for row in rows if row.get("nll") is not None]
    return Group(
        settings=settings,
        data=data,
        split=first["split"],
        n=first["n"],
        folders=tuple(run.folder for run, _ in members),
        accuracies=accuracies,
        accuracy=fmean(accuracies) if accuracies else float("nan"),
        low=None if low is None else max(0.0, low),
        high=None if high is None else min(1.0, high),
        nll=fmean(losses) if losses else None,
        longer=first.get("longer_accuracy"),
        ceiling=first.get("bayes_accuracy"),
        seconds=fmean(run.seconds for run, _ in members),
    )
