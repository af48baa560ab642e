"""The sets of pairs that a comparison judges: held out, the same responses in other tokens, and other data."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rmexp.data.loading import Loading
from rmexp.records import Preference
from rmexp.run.compare_scores import Scorers, SetScores, score_both
from rmexp.run.data import LoadedData
from rmexp.scoring.rewording import SHIFTS, shifted


class PairScores(NamedTuple):
    """Both rewards on one set of pairs.

    Attributes:
        name: of the split, of the shift of tokens, or of the other data set.
        kind: `held_out`, `tokens` or `domain`.
        split: that the pairs are of.
        scores: of the pairs.
        before: of the same pairs before their tokens were shifted; None otherwise.
        looked_at: pairs of which those that the shift changes were taken.
        loading: limits and groups of their data set.
        bins: difficulty of each pair by id; None where nobody has measured it.
    """

    name: str
    kind: str
    split: str
    scores: SetScores
    before: SetScores | None
    looked_at: int
    loading: Loading
    bins: Mapping[str, str] | None


def held_out(splits: Mapping[str, SetScores], data: LoadedData) -> list[PairScores]:
    """The splits that nothing was learnt from, as they are."""
    return [
        PairScores(name, "held_out", name, scores, None, len(scores.records), data.loading, data.bins)
        for name, scores in splits.items()
    ]


def token_shifts(
    split: str, unshifted: SetScores, scorers: Scorers, most: int, data: LoadedData, folder: Path
) -> list[PairScores]:
    """Score pairs of a split again in other tokens; a shift that changes none of them is left out.

    Args:
        split: its name.
        unshifted: its pairs and their scores.
        scorers: the two.
        most: pairs that are looked at, evenly picked.
        data: that they are of.
        folder: of the scored files.
    """
    if most < 0:
        raise ValueError(f"`shift_pairs` must be at least 0, got {most} (set shift_pairs)")
    picked = np.unique(np.linspace(0, len(unshifted.records) - 1, most).round().astype(int)).tolist()
    place = {unshifted.records[index].id: index for index in picked}
    records = [record for index in picked if isinstance(record := unshifted.records[index], Preference)]
    result = []
    for name in SHIFTS:
        pairs = shifted(records, name)
        if pairs:
            scores = score_both(f"{split}.{name}", [after for _, after in pairs], scorers, folder)
            before = _some(unshifted, [place[record.id] for record, _ in pairs])
            result.append(PairScores(name, "tokens", split, scores, before, len(records), data.loading, None))
    return result


def domain_shifts(tests: Mapping[str, LoadedData], scorers: Scorers, folder: Path) -> list[PairScores]:
    """Score the held-out pairs of other data sets."""
    result = []
    for name, other in tests.items():
        for split, records in other.records.splits.items():
            scores = score_both(f"{name}-{split}", records, scorers, folder)
            result.append(PairScores(name, "domain", split, scores, None, len(records), other.loading, other.bins))
    return result


def _some(scores: SetScores, indices: Sequence[int]) -> SetScores:
    picked: list[Any] = [[field[index] for index in indices] for field in scores]
    return SetScores(*picked)
