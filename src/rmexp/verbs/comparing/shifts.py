"""The sets of pairs that a comparison judges: held out, the same responses in other tokens, and other data."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rmexp.data.loaded import LoadedData
from rmexp.evaluation.apart import set_apart
from rmexp.evaluation.measures.ceiling import truth_of
from rmexp.evaluation.measures.difficulty import bins_of, strength
from rmexp.evaluation.slices import DIFFICULTY, Slicing
from rmexp.evaluation.test_set import Origin, TestSet, as_test_set
from rmexp.metrics.preferred_side import is_tie
from rmexp.records import Preference
from rmexp.scoring.rewording import SHIFTS, shifted
from rmexp.verbs.comparing.scores import Scorers, SetScores, pairs_of, score_both


class ScoredPairs(NamedTuple):
    """Both rewards on one set of pairs.

    Attributes:
        name: of the split, of the shift of tokens, or of the other data set.
        test: the pairs.
        scores: of the pairs.
        before: of the same pairs before their tokens were shifted; None otherwise.
        looked_at: pairs of which those that the shift changes were taken.
        kept: whether figures count what was trained on.
    """

    name: str
    test: TestSet
    scores: SetScores
    before: SetScores | None
    looked_at: int
    kept: bool

    @property
    def headline(self) -> list[int]:
        """Places of the pairs that figures are of."""
        return [int(place) for place in np.flatnonzero(self.test.headline)]


def held_out(
    splits: Mapping[str, SetScores], data: LoadedData, fields: Sequence[str], *, keep: bool
) -> list[ScoredPairs]:
    """The splits that nothing was learnt from, as they are.

    Args:
        splits: their scores.
        data: that they are of.
        fields: such as `meta.topic`, whose values are slices.
        keep: whether figures count the pairs that a model was trained on, as one given by path may have been.
    """
    result = []
    for name, scores in splits.items():
        origin = Origin(data.name, name, "held_out", data.split_rule.group)
        records = pairs_of(scores.records)
        slicing = Slicing(fields, _parts(data.bins or certainty_bins(records)), by_length=True)
        test = set_apart(as_test_set(origin, records, slicing), scores.marks, keep=keep)
        result.append(ScoredPairs(name, test, scores, None, len(records), keep))
    return result


def token_shifts(first: ScoredPairs, scorers: Scorers, most: int, folder: Path) -> list[ScoredPairs]:
    """Score pairs of a split again in other tokens; a shift that changes none of them is left out.

    Args:
        first: the split and its scores.
        scorers: the two.
        most: pairs that are looked at, evenly picked.
        folder: of the scored files.
    """
    pairs, split = first.test.pairs, first.test.split
    picked = np.unique(np.linspace(0, len(pairs) - 1, most).round().astype(int)).tolist()
    place = {pairs[index].id: index for index in picked}
    origin, result = replace(first.test.origin, kind="tokens"), []
    for name in SHIFTS:
        changed = shifted([pairs[index] for index in picked], name)
        if changed:
            after = [record for _, record in changed]
            scores = score_both(f"{split}.{name}", after, scorers, folder)
            before = first.scores.of([place[record.id] for record, _ in changed])
            whole = as_test_set(origin, after, Slicing(by_length=True))
            test = set_apart(whole, before.marks, keep=first.kept)  # in other tokens nothing is found again
            result.append(ScoredPairs(name, test, scores, before, len(picked), first.kept))
    return result


def domain_shifts(
    tests: Mapping[str, LoadedData], scorers: Scorers, folder: Path, kept: Mapping[str, bool]
) -> list[ScoredPairs]:
    """Score the held-out pairs of other data sets.

    Args:
        tests: by name.
        scorers: the two.
        folder: of the scored files.
        kept: of each, whether figures count what was trained on.
    """
    result = []
    for name, other in tests.items():
        for split, records in other.records.splits.items():
            scores = score_both(f"{name}-{split}", records, scorers, folder)
            slicing = Slicing(parts=_parts(other.bins), by_length=True)
            whole = as_test_set(Origin(other.name, split, "domain", other.split_rule.group), records, slicing)
            test = set_apart(whole, scores.marks, keep=kept[name])
            result.append(ScoredPairs(name, test, scores, None, len(records), kept[name]))
    return result


def certainty_bins(records: Sequence[Preference]) -> Mapping[str, str] | None:
    """The bin of each pair by its id, by how certain its preference is; None where the data does not know that."""
    target = np.array([record.target for record in records])
    truth = truth_of(records)
    certainty = strength(records)[0] if truth is None else np.abs(2 * np.array(truth[0]) - 1)
    if certainty is None:
        return None
    labelled = ~is_tie(target)
    names = bins_of(np.where(labelled, certainty, 0.0), labelled)
    return {record.id: name for record, name in zip(records, names, strict=True)}


def _parts(bins: Mapping[str, str] | None) -> Mapping[str, Mapping[str, str]]:
    return {} if bins is None else {DIFFICULTY: bins}
