"""Every set of pairs of a comparison, held out or shifted, with both rewards judged on it slice by slice."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from omegaconf import DictConfig

from rmexp.analysis.ceiling import truth_of
from rmexp.analysis.compared import ComparedSlice, compare_pairs, nll_at
from rmexp.analysis.difficulty import difficulty
from rmexp.analysis.flips import flips
from rmexp.analysis.pair_set import pair_set
from rmexp.data.loading import Loading
from rmexp.records import Preference
from rmexp.reports.content import ComparedSet
from rmexp.run.compare_scores import AllScores, SetScores, scores_array
from rmexp.run.compare_shifts import ShiftScores
from rmexp.run.data import LoadedData

NOTHING = "nothing"


def compared_sets(
    config: DictConfig, data: LoadedData, scores: AllScores, shifts: Sequence[ShiftScores]
) -> list[ComparedSet]:
    """Held-out splits first, then the same responses in other tokens, then other data."""
    options = {"draws": config.draws, "seed": config.seed}
    sets: list[ComparedSet] = []
    for name, kind, split, group, before, loading, bins, looked_at in _all(data, scores, shifts):
        fields = list(config.slices) if kind == "held_out" else []
        slices = _slices(name, group, loading, fields, bins, options)
        if slices is None:
            continue
        whole, first = slices[0], sets[0].slices[0] if sets else slices[0]
        arrays, target = (scores_array(group.explicit), scores_array(group.implicit)), _target(group)
        fitted = first.explicit["temperature"], first.implicit["temperature"]
        earlier = None if before is None else _slices(name, before, loading, [], None, options)
        sets.append(
            ComparedSet(
                name,
                kind,
                split,
                pairs=whole.agreement.pairs,
                looked_at=looked_at,
                slices=slices,
                before=None if earlier is None else earlier[0],
                explicit_nll_at_first=nll_at(arrays[0], target, fitted[0]),
                implicit_nll_at_first=nll_at(arrays[1], target, fitted[1]),
                flips=_flips(group, target),
            )
        )
    return sets


def _all(data: LoadedData, scores: AllScores, shifts: Sequence[ShiftScores]) -> Iterator[tuple[Any, ...]]:
    for name, group in scores.splits.items():
        yield name, "held_out", name, group, None, data.loading, _bins(data.bins, _pairs(group)), len(group.records)
    for shift in shifts:
        bins = None if shift.bins is None else shift.bins
        yield shift.name, shift.kind, shift.split, shift.scores, shift.before, shift.loading, bins, shift.looked_at


def _slices(
    name: str,
    group: SetScores,
    loading: Loading,
    fields: Sequence[str],
    bins: Mapping[str, str] | None,
    options: dict[str, int],
) -> list[ComparedSlice] | None:
    """None for a set without a pair that has a preference."""
    records = _pairs(group)
    if all(record.target == 0.5 for record in records):
        return None
    pairs = pair_set(loading.name, name, records, group=loading.group, fields=fields, bins=bins)
    return compare_pairs(pairs, scores_array(group.explicit), scores_array(group.implicit), **options)


def _bins(bins: Mapping[str, str] | None, records: Sequence[Preference]) -> Mapping[str, str] | None:
    """Difficulty as a profile says it, else by how strong the preferences are, where the data knows that."""
    if bins is not None:
        return bins
    truth = truth_of(records)
    if truth is not None:
        certain = [
            Preference("-", "a", "b", margin=abs(2 * p - 1), id=r.id) for p, r in zip(truth[0], records, strict=True)
        ]
        found = difficulty(certain, [], np.zeros(len(records)), NOTHING)
    else:
        found = difficulty(records, [], np.zeros(len(records)), NOTHING)
    if NOTHING in found.by:
        return None
    return {record.id: name for record, name in zip(records, found.bins, strict=True)}


def _flips(group: SetScores, target: Any) -> Any:
    sums, means = scores_array(group.response_sum), scores_array(group.sequence_mean)
    return flips(sums, means, np.array(group.response_tokens), target)


def _pairs(group: SetScores) -> list[Preference]:
    return [record for record in group.records if isinstance(record, Preference)]


def _target(group: SetScores) -> Any:
    return np.array([record.target for record in _pairs(group)])
