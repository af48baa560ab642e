"""Every set of pairs of a comparison, held out or shifted, with both rewards judged on it slice by slice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rmexp.comparison.compared import EXPLICIT, IMPLICIT, ComparedSlice, compare_pairs, nll_at
from rmexp.comparison.flips import FlipKind, flips
from rmexp.evaluation.scores import Scores
from rmexp.evaluation.test_set import TestSet
from rmexp.metrics.preferred_side import is_tie
from rmexp.reports.compare.content import ComparedSet
from rmexp.reports.drawing.numbers import count, counted
from rmexp.reports.seen import apart_sentences
from rmexp.runs.summaries.seen import Seen, SeenBy, seen_of
from rmexp.verbs.comparing.scores import SetScores
from rmexp.verbs.comparing.shifts import ScoredPairs


def compared_sets(sets: Sequence[ScoredPairs]) -> list[ComparedSet]:
    """Judge both rewards on each set; one without an unseen pair that has a preference is left out."""
    result: list[ComparedSet] = []
    for one in sets:
        left = one.headline
        if is_tie(one.test.target[left]).all():
            continue
        slices = _slices(one.test, one.scores)
        known, target = one.scores.of(left), one.test.target[left]
        fitted = (result[0].slices[0] if result else slices[0]).temperatures
        explicit, implicit = both(known)
        result.append(
            ComparedSet(
                one.name,
                one.test.origin.kind,
                one.test.split,
                slices[0].agreement.pairs,
                one.looked_at,
                slices,
                None if one.before is None else _slices(one.test, one.before)[0],
                nll_at(explicit, target, fitted[0]),
                nll_at(implicit, target, fitted[1]),
                _flips(known, target, one.test.clusters[left]),
            )
        )
    return result


def notes(
    pairs: Sequence[ScoredPairs], compared: Sequence[ComparedSet], *scorers: Mapping[str, object]
) -> Iterator[str]:
    """What of each set the models were trained on, in words.

    Args:
        pairs: the sets.
        compared: the same, as far as something was found.
        scorers: the two, as they describe themselves.
    """
    known = {(one.kind, one.name): one.slices for one in compared}
    for one in pairs:
        place, test = (one.test.origin.kind, one.name), one.test
        if one.before is not None:  # in other tokens it is the same pairs again
            continue
        slices = known.get(place) or _slices(test, one.scores)
        figures = [each for part in slices for each in (part.explicit, part.implicit)]
        seen = [seen_of(marks, scorer) for marks, scorer in zip(one.scores.marks, scorers, strict=True)]
        rows = [
            SeenBy(name, test.data, test.split, len(test.records), one.kept, _without_validation(found, test))
            for name, found in zip((EXPLICIT, IMPLICIT), seen, strict=True)
        ]
        yield from (f"{one.name}: {sentence}" for sentence in apart_sentences(rows, figures))


def candidate_notes(left_out: Mapping[str, int], candidates: Mapping[str, Sequence[object]]) -> Iterator[str]:
    """What of each set of candidates the models were trained on, in words.

    Args:
        left_out: records left out of each, by its name.
        candidates: the sets, whole.
    """
    for name, number in left_out.items():
        if number:
            of, keep = counted(len(candidates[name]), "list"), "data.trained_on=keep counts them"
            yield f"{name}: a model was trained on pairs of {count(number)} of {of}; these are left out ({keep})."


def _without_validation(seen: Seen, test: TestSet) -> Seen:
    """Nothing needs to be said of a split that is the validation itself."""
    return replace(seen, validated_on=None) if seen.validated_on == len(test.records) else seen


def both(scores: SetScores) -> tuple[Scores, Scores]:
    """The explicit and the implicit reward as columns."""
    explicit, implicit = scores.array("explicit"), scores.array("implicit")
    return Scores(explicit, log_odds=True), Scores(implicit, log_odds=True)


def _slices(test: TestSet, scores: SetScores) -> list[ComparedSlice]:
    return compare_pairs(test, *both(scores))


def _flips(scores: SetScores, target: NDArray[np.float64], clusters: NDArray[np.int64]) -> list[FlipKind]:
    sums, means = scores.array("response_sum"), scores.array("sequence_mean")
    return flips(sums, means, np.array(scores.response_tokens).reshape(-1, 2), target, clusters)
