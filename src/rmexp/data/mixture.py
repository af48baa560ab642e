"""Several data sets in one: split together, so that a prompt lies on one side, then mixed by weight."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Annotated

import numpy as np

from rmexp.data.loading import SplitRule
from rmexp.data.split import split_by_hash
from rmexp.preference_data import PreferenceData
from rmexp.records import Candidates, Preference
from rmexp.stored_records import stored

UNTIL = ("exhaust", "repeat")


@dataclass(frozen=True, kw_only=True)
class Splitting:
    """How parts without splits of their own are split; the fields mean what they mean in `SplitRule`."""

    name: str
    val_fraction: Annotated[float, "in [0, 1)"]
    group: str | None
    split_seed: int


def mixture(
    *,
    parts: Mapping[str, PreferenceData],
    weights: Mapping[str, Annotated[float, "> 0"]],
    until: str,
    seed: Annotated[int, "at least 0"],
    splitting: Splitting,
) -> PreferenceData:
    """Mix data sets; `meta.source` of each pair names its part, and ids begin with that name.

    Parts that have no splits of their own are put together and split by hash, so that a prompt that several of them
    hold is on one side; parts with splits keep them. Weights hold for the training split; every other split has all
    pairs of all parts that have it.

    Args:
        parts: by name.
        weights: of each part, above 0, in any unit; none at all weighs all alike.
        until: `exhaust` takes training pairs until the first part is used up, no pair twice; `repeat` until each part
            has been used up once, so that all but the one that lasts longest begin again.
        seed: of which pairs are taken, and of their order; at least 0.
        splitting: of parts without splits.

    Raises:
        ValueError: there are no parts, or weights and parts do not fit.
    """
    if not parts:
        raise ValueError("a mixture needs parts, got none (add them: +data@data.parts.NAME=OPTION)")
    if until not in UNTIL:
        raise ValueError(f"data.until must be one of {', '.join(UNTIL)}, got {until}")
    shares = _shares(parts, weights)
    splits = _split({name: _named(name, data) for name, data in parts.items()}, splitting)
    train = splits.pop("train", {})
    missing = [name for name in parts if not train.get(name)]
    if missing:
        raise ValueError(f"part {missing[0]} of the mixture has no training pairs (leave it out of data.parts)")
    mixed = {name: stored(chain.from_iterable(held.values())) for name, held in splits.items()}
    return PreferenceData(
        {"train": _mixed(train, shares, until, seed), **mixed},
        _candidates(parts),
        tuple(row for data in parts.values() for row in data.bad_rows),
        origins=tuple(origin for data in parts.values() for origin in data.origins),
        parts=tuple(parts),
    )


def _shares(parts: Mapping[str, PreferenceData], weights: Mapping[str, float]) -> dict[str, float]:
    weights = dict.fromkeys(parts, 1.0) if not weights else dict(weights)
    if weights.keys() != parts.keys():
        raise ValueError(
            f"data.weights must have one weight a part, for {', '.join(parts)}, got some for {', '.join(weights)}"
        )
    for name, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < float("inf"):
            raise ValueError(f"data.weights.{name} must be a number above 0, got {weight}")
    return {name: weights[name] / sum(weights.values()) for name in parts}


def _named(part: str, data: PreferenceData) -> dict[str, Sequence[Preference]]:
    def named(pair: Preference) -> Preference:
        before = {"part_source": pair.meta["source"]} if "source" in pair.meta else {}
        return replace(pair, id=f"{part}/{pair.id}", meta={**pair.meta, **before, "source": part})

    return {name: stored(map(named, pairs)) for name, pairs in data.splits.items()}


def _split(
    parts: Mapping[str, dict[str, Sequence[Preference]]], splitting: Splitting
) -> dict[str, dict[str, Sequence[Preference]]]:
    """The pairs of each split by part; what parts hold in `all` is split together."""
    splits: dict[str, dict[str, Sequence[Preference]]] = {}
    rule = SplitRule(splitting.val_fraction, splitting.group, splitting.split_seed)
    unsplit = {name: held["all"] for name, held in parts.items() if "all" in held}
    together = stored(chain.from_iterable(unsplit.values()))
    halves = split_by_hash(together, rule, splitting.name) if unsplit else {}
    for name, held in parts.items():
        own = {split: pairs for split, pairs in held.items() if split != "all"}
        if name in unsplit:
            own = {split: stored(p for p in pairs if p.meta["source"] == name) for split, pairs in halves.items()} | own
        for split, pairs in own.items():
            splits.setdefault(split, {})[name] = pairs
    return splits


def _mixed(
    train: Mapping[str, Sequence[Preference]], shares: Mapping[str, float], until: str, seed: int
) -> Sequence[Preference]:
    lasts = {name: len(train[name]) / share for name, share in shares.items()}
    total = min(lasts.values()) if until == "exhaust" else max(lasts.values())
    taken, start = [np.empty(0, np.int64)], 0
    for index, (name, share) in enumerate(shares.items()):
        size, count = len(train[name]), max(1, round(total * share))
        rounds, rest = divmod(count, size)
        order = np.random.default_rng([seed, index]).permutation(size)
        taken += [start + np.tile(np.arange(size), rounds), start + np.sort(order[:rest])]
        start += size
    places = np.concatenate(taken)
    together = stored(chain.from_iterable(train[name] for name in shares))
    return together.of(places[np.random.default_rng([seed, len(shares)]).permutation(len(places))])


def _candidates(parts: Mapping[str, PreferenceData]) -> dict[str, Sequence[Candidates]]:
    """Candidate sets under their names, with the part in front where several parts have one of that name."""
    names = [name for data in parts.values() for name in data.candidates]
    return {
        name if names.count(name) == 1 else f"{part}_{name}": records
        for part, data in parts.items()
        for name, records in data.candidates.items()
    }
