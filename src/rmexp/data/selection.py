"""Which pairs of a data set are used: a subset, a range of difficulty, without leaks, with labels turned round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from rmexp.metrics.preferred_side import is_tie
from rmexp.preference_data import PreferenceData
from rmexp.ranges import check_ranges
from rmexp.records import Preference
from rmexp.stored_records import labels_of, stored

LEAKS = ("warn", "drop", "ignore")
TRAINED_ON = ("apart", "keep")


@dataclass(frozen=True)
class Selection:
    """The keys of every data set that say which of its pairs are used.

    Attributes:
        train_pairs: size of a random subset of the training split; None for all of it. Of two subsets with the same
            seed the smaller one is part of the larger one.
        label_noise: share in [0, 1] of the training pairs whose label is turned round; `meta.flipped` records it.
        sample_seed: of the subset and of the noise, at least 0.
        difficulty: `difficulty.jsonl` of `rmexp profile`; None uses every pair.
        difficulty_bins: bins of it that are kept, in every split.
        leaks: what happens to training pairs whose prompt occurs in an evaluation split: `warn`, `drop` or `ignore`.
        leak_similarity: Jaccard similarity in (0, 1] from which two prompts count as near-duplicates; None compares
            exact and normalised prompts alone.
        leaks_against: further files that the training split is checked against, of any kind that data.path may have,
            with a `prompt` in each row.
        trained_on: what figures make of the pairs that a scorer's model was trained on: `apart` sets them apart in a
            slice of their own, `keep` counts them with all others.
    """

    train_pairs: Annotated[int, "at least 1"] | None
    label_noise: Annotated[float, "in [0, 1]"]
    sample_seed: Annotated[int, "at least 0"]
    difficulty: str | None
    difficulty_bins: list[str]
    leaks: str
    leak_similarity: Annotated[float, "in (0, 1]"] | None
    leaks_against: list[str]
    trained_on: str

    def __post_init__(self) -> None:
        check_ranges(self, "data")
        if self.leaks not in LEAKS:
            raise ValueError(f"data.leaks must be one of {', '.join(LEAKS)}, got {self.leaks}")
        if self.trained_on not in TRAINED_ON:
            raise ValueError(f"data.trained_on must be one of {', '.join(TRAINED_ON)}, got {self.trained_on}")


def selected(data: PreferenceData, selection: Selection, bins: Mapping[str, str] | None) -> PreferenceData:
    """The data with the pairs that `selection` asks for, in their order.

    Args:
        data: with a training split, where one of its keys is about that.
        selection: the keys.
        bins: difficulty of each record by its id; None uses every pair.

    Raises:
        ValueError: nothing is left of a split, there are too few training pairs, or the difficulties are not of
            this data.
    """
    if data.demonstrations and (selection.difficulty or selection.train_pairs or selection.label_noise):
        raise ValueError("data.difficulty, data.train_pairs and data.label_noise are for pairs, but the data has none")
    splits = dict(data.splits)
    if bins is not None:
        splits = {name: _of_bins(name, records, bins, selection) for name, records in splits.items()}
    if selection.train_pairs is not None:
        splits["train"] = sampled(splits["train"], selection.train_pairs, selection.sample_seed)
    if selection.label_noise:
        splits["train"] = with_label_noise(splits["train"], selection.label_noise, selection.sample_seed)
    return replace(data, splits=splits)


def sampled(records: Sequence[Preference], size: int, seed: int) -> Sequence[Preference]:
    """A random subset in the order of `records`.

    Raises:
        ValueError: there are fewer records.
    """
    if size > len(records):
        raise ValueError(f"expected at least data.train_pairs={size} training pairs, the data has {len(records)}")
    kept = np.sort(np.random.default_rng([seed, 0]).permutation(len(records))[:size])
    return stored(records).of(kept)


def with_label_noise(records: Sequence[Preference], rate: float, seed: int) -> Sequence[Preference]:
    """Turn the label of a random share of the pairs round: `target` becomes 1 - target, the sides stay.

    Args:
        records: pairs; ties, which have no other way round, stay as they are.
        rate: share of the others, in [0, 1]; the number is rounded.
        seed: of the choice.

    Returns:
        The pairs, each with `meta.flipped` true or false.
    """
    order = np.random.default_rng([seed, 1]).permutation(len(records))
    order = order[~is_tie(labels_of(records).target)[order]]
    flipped = set(order[: round(rate * len(order))].tolist())
    return stored(
        replace(
            record,
            target=1 - record.target if index in flipped else record.target,
            meta={**record.meta, "flipped": index in flipped},
        )
        for index, record in enumerate(records)
    )


def _of_bins(
    name: str, records: Sequence[Preference], bins: Mapping[str, str], selection: Selection
) -> Sequence[Preference]:
    unknown = [record.id for record in records if record.id not in bins]
    if unknown:
        raise ValueError(
            f"{selection.difficulty} says nothing of {len(unknown)} of {len(records)} pairs of the split `{name}` "
            f"(such as {unknown[0]}); profile this data set (set data.difficulty)"
        )
    kept = stored(records).of([bins[record.id] in selection.difficulty_bins for record in records])
    if not kept:
        raise ValueError(
            f"no pair of the split `{name}` lies in data.difficulty_bins={selection.difficulty_bins}; "
            f"{selection.difficulty} has {', '.join(sorted(set(bins.values())))}"
        )
    return kept
