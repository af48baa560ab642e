"""Every set of pairs of a comparison, held out or shifted, with both rewards judged on it slice by slice."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from omegaconf import DictConfig

from rmexp.analysis.ceiling import truth_of
from rmexp.analysis.compared import ComparedSlice, compare_pairs, nll_at
from rmexp.analysis.difficulty import difficulty
from rmexp.analysis.flips import flips
from rmexp.analysis.pair_set import pair_set
from rmexp.metrics.preferred_side import is_tie
from rmexp.records import Preference
from rmexp.reports.content import ComparedSet
from rmexp.run.compare_scores import SetScores, scores_array
from rmexp.run.compare_shifts import PairScores

NOTHING = "nothing"


def compared_sets(config: DictConfig, sets: Sequence[PairScores]) -> list[ComparedSet]:
    """Judge both rewards on each set; one without a pair that has a preference is left out."""
    result: list[ComparedSet] = []
    for one in sets:
        slices = _slices(config, one, one.scores)
        if slices is None:
            continue
        first = result[0].slices[0] if result else slices[0]
        before = None if one.before is None else _slices(config, one._replace(bins=None), one.before)
        target = np.array([record.target for record in _pairs(one.scores)])
        rewards = scores_array(one.scores.explicit), scores_array(one.scores.implicit)
        result.append(
            ComparedSet(
                one.name,
                one.kind,
                one.split,
                pairs=slices[0].agreement.pairs,
                looked_at=one.looked_at,
                slices=slices,
                before=None if before is None else before[0],
                explicit_nll_at_first=nll_at(rewards[0], target, first.explicit["temperature"]),
                implicit_nll_at_first=nll_at(rewards[1], target, first.implicit["temperature"]),
                flips=_flips(one.scores, target),
            )
        )
    return result


def _slices(config: DictConfig, one: PairScores, scores: SetScores) -> list[ComparedSlice] | None:
    """None for a set without a pair that has a preference."""
    records = _pairs(scores)
    if all(is_tie(record.target) for record in records):
        return None
    held_out = one.kind == "held_out"
    pairs = pair_set(
        one.loading.name,
        one.name,
        records,
        group=one.loading.group,
        fields=list(config.slices) if held_out else [],
        bins=_bins(one.bins, records) if held_out else one.bins,
    )
    rewards = scores_array(scores.explicit), scores_array(scores.implicit)
    return compare_pairs(pairs, *rewards, draws=config.draws, seed=config.seed)


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
