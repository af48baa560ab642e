"""Several data sets in one: split together, so that a prompt lies on one side, then mixed by weight."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from rmexp.data.loading import SplitRule
from rmexp.data.split import split_by_hash
from rmexp.preference_data import PreferenceData
from rmexp.records import Candidates, Preference

UNTIL = ("exhaust", "repeat")


@dataclass(frozen=True, kw_only=True)
class Splitting:
    """How parts without splits of their own are split; the fields mean what they mean in `SplitRule`."""

    name: str
    val_fraction: float
    group: str | None
    split_seed: int


def mixture(
    *,
    parts: Mapping[str, PreferenceData],
    weights: Mapping[str, float],
    until: str,
    seed: int,
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
        seed: of which pairs are taken, and of their order.
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
    mixed = {name: tuple(pair for pairs in held.values() for pair in pairs) for name, held in splits.items()}
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


def _named(part: str, data: PreferenceData) -> dict[str, tuple[Preference, ...]]:
    def named(pair: Preference) -> Preference:
        before = {"part_source": pair.meta["source"]} if "source" in pair.meta else {}
        return replace(pair, id=f"{part}/{pair.id}", meta={**pair.meta, **before, "source": part})

    return {name: tuple(map(named, pairs)) for name, pairs in data.splits.items()}


def _split(
    parts: Mapping[str, dict[str, tuple[Preference, ...]]], splitting: Splitting
) -> dict[str, dict[str, tuple[Preference, ...]]]:
    """The pairs of each split by part; what parts hold in `all` is split together."""
    splits: dict[str, dict[str, tuple[Preference, ...]]] = {}
    rule = SplitRule(splitting.val_fraction, splitting.group, splitting.split_seed)
    unsplit = {name: held["all"] for name, held in parts.items() if "all" in held}
    together = tuple(pair for pairs in unsplit.values() for pair in pairs)
    halves = split_by_hash(together, rule, splitting.name) if unsplit else {}
    for name, held in parts.items():
        own = {split: pairs for split, pairs in held.items() if split != "all"}
        if name in unsplit:
            own = {split: tuple(p for p in pairs if p.meta["source"] == name) for split, pairs in halves.items()} | own
        for split, pairs in own.items():
            splits.setdefault(split, {})[name] = pairs
    return splits


def _mixed(
    train: Mapping[str, tuple[Preference, ...]], shares: Mapping[str, float], until: str, seed: int
) -> tuple[Preference, ...]:
    lasts = {name: len(train[name]) / share for name, share in shares.items()}
    total = min(lasts.values()) if until == "exhaust" else max(lasts.values())
    taken: list[Preference] = []
    for index, (name, share) in enumerate(shares.items()):
        pairs, count = train[name], max(1, round(total * share))
        rounds, rest = divmod(count, len(pairs))
        order = np.random.default_rng([seed, index]).permutation(len(pairs))
        taken += [*pairs * rounds, *(pairs[position] for position in np.sort(order[:rest]))]
    order = np.random.default_rng([seed, len(shares)]).permutation(len(taken))
    return tuple(taken[position] for position in order)


def _candidates(parts: Mapping[str, PreferenceData]) -> dict[str, tuple[Candidates, ...]]:
    """Candidate sets under their names, with the part in front where several parts have one of that name."""
    names = [name for data in parts.values() for name in data.candidates]
    return {
        name if names.count(name) == 1 else f"{part}_{name}": records
        for part, data in parts.items()
        for name, records in data.candidates.items()
    }
