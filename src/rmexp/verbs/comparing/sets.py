"""Every set of pairs of a comparison, held out or shifted, with both rewards judged on it slice by slice."""

from collections.abc import Sequence

import numpy as np

from rmexp.comparison.compared import ComparedSlice, compare_pairs, nll_at
from rmexp.comparison.flips import FlipKind, flips
from rmexp.evaluation.scores import Scores
from rmexp.evaluation.test_set import TestSet
from rmexp.metrics.preferred_side import is_tie
from rmexp.reports.compare.content import ComparedSet
from rmexp.verbs.comparing.scores import SetScores
from rmexp.verbs.comparing.shifts import ScoredPairs


def compared_sets(sets: Sequence[ScoredPairs]) -> list[ComparedSet]:
    """Judge both rewards on each set; one without a pair that has a preference is left out."""
    result: list[ComparedSet] = []
    for one in sets:
        if is_tie(one.test.target).all():
            continue
        slices = _slices(one.test, one.scores)
        fitted = (result[0].slices[0] if result else slices[0]).temperatures
        explicit, implicit = both(one.scores)
        result.append(
            ComparedSet(
                one.name,
                one.test.origin.kind,
                one.test.split,
                slices[0].agreement.pairs,
                one.looked_at,
                slices,
                None if one.before is None else _slices(one.test, one.before)[0],
                nll_at(explicit, one.test.target, fitted[0]),
                nll_at(implicit, one.test.target, fitted[1]),
                _flips(one.test, one.scores),
            )
        )
    return result


def both(scores: SetScores) -> tuple[Scores, Scores]:
    """The explicit and the implicit reward as columns."""
    explicit, implicit = scores.array("explicit"), scores.array("implicit")
    return Scores(explicit, log_odds=True), Scores(implicit, log_odds=True)


def _slices(test: TestSet, scores: SetScores) -> list[ComparedSlice]:
    return compare_pairs(test, *both(scores))


def _flips(test: TestSet, scores: SetScores) -> list[FlipKind]:
    sums, means = scores.array("response_sum"), scores.array("sequence_mean")
    return flips(sums, means, np.array(scores.response_tokens), test.target, test.clusters)
