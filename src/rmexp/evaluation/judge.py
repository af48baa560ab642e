"""The one way from scores to figures: every scorer on every slice, and each two of them on the same pairs.

Shapes: N records of a test set, M of them in a slice.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations, product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from rmexp.evaluation.figures import Figures, Probabilities, interval_words
from rmexp.evaluation.judgement import Judgement
from rmexp.evaluation.measures.accuracy import pairwise_accuracy
from rmexp.evaluation.measures.against_truth import against_truth
from rmexp.evaluation.measures.calibration import calibration
from rmexp.evaluation.measures.ceiling import ceiling
from rmexp.evaluation.measures.margins import margin_distribution
from rmexp.evaluation.measures.slopes import reward_slopes
from rmexp.evaluation.measures.usable_information import pair_nll
from rmexp.evaluation.paired import Paired, adjusted
from rmexp.evaluation.picks import picked
from rmexp.evaluation.scores import Scores, checked
from rmexp.evaluation.slices import WHOLE
from rmexp.evaluation.test_set import TestSet
from rmexp.metrics.pair_credit import pair_credit
from rmexp.metrics.preferred_side import is_tie
from rmexp.statistics.mcnemar import mcnemar
from rmexp.statistics.means import MEAN_METHOD, clustered_difference, clustered_mean
from rmexp.statistics.shares import SHARE_METHOD, clustered_share

Mask = NDArray[np.bool_]


class Earned(NamedTuple):
    """What one scorer earns on each record.

    Attributes:
        scores: by it.
        scored: (N,) whether it has a score for each response.
        counted: (N,) whether the accuracy counts the record: scored, and with a preference.
        credit: (N,) 1, 0.5 or 0; of a list, any share.
        tie: (N,) 1 where it gives equal scores, else 0.
    """

    scores: Scores
    scored: Mask
    counted: Mask
    credit: NDArray[np.float64]
    tie: NDArray[np.float64]


def judge(test: TestSet, scores: Mapping[str, Scores]) -> Judgement:
    """Judge every scorer on every slice that has records, and each two of them on the same pairs.

    Rules are compared with scorers, not with each other. p-values are adjusted over the slices of two scorers.

    Args:
        test: what is judged on.
        scores: a column of each scorer, and of each rule, by its name.

    Raises:
        ValueError: scores do not fit the test set, or are infinite.
    """
    earned = {name: _earned(test, checked(test, name, one)) for name, one in scores.items()}
    parts = [part for part in test.slices if part is WHOLE or test.inside(part).any()]
    figures_of = _pair_figures if test.gold is None else _list_figures
    figures = [figures_of(test, name, part, earned[name]) for part in parts for name in scores]
    suite = {name: _suite(test, one) for name, one in earned.items()} if test.origin.aggregate is not None else {}
    paired: list[Paired] = []
    for first, second in _compared(scores) if test.gold is None else ():
        two = earned[first], earned[second]
        rows = [_paired(test, (first, second), part, two) for part in parts]
        paired += adjusted(rows)
    return Judgement(test, scores, tuple(figures), tuple(paired), suite)


def _earned(test: TestSet, scores: Scores) -> Earned:
    values: NDArray[Any] = scores.values.astype(np.float32)
    if test.gold is not None:
        scored: Mask = np.all(~np.isnan(values) | np.isnan(test.gold), axis=1)
        found = picked(np.where(np.isnan(values), 0.0, values), test.gold)
        return Earned(scores, scored, scored, found.credit, found.tie)
    labels: NDArray[Any] = test.target
    credit = pair_credit(values[:, 0], values[:, 1], labels)
    scored = ~np.any(np.isnan(values), axis=1)
    return Earned(scores, scored, scored & (credit.weight > 0), credit.credit, credit.tie)


def _pair_figures(test: TestSet, name: str, part: str | None, one: Earned) -> Figures:
    kept = test.inside(part) & one.scored
    figures = _figures(test, name, part, one)
    if not kept.any():
        return figures
    target, margin, clusters = test.target[kept], one.scores.margin[kept], test.clusters[kept]
    characters, truth = test.characters[kept], test.truth_of(kept)
    return replace(
        figures,
        label_ties=int((kept & ~one.counted).sum()),
        probabilities=_probabilities(test, one.scores, kept) if one.scores.log_odds else None,
        margin=margin_distribution(margin, target),
        slopes=reward_slopes(margin, target, characters, test.markdown[kept], clusters),
        longer=pairwise_accuracy(characters, target).accuracy,
        ceiling=None if truth is None else ceiling(truth, target),
    )


def _list_figures(test: TestSet, name: str, part: str | None, one: Earned) -> Figures:
    assert test.gold is not None
    kept = test.inside(part) & one.scored
    return replace(_figures(test, name, part, one), picks=picked(one.scores.values[kept], test.gold[kept]).mean())


def _figures(test: TestSet, name: str, part: str | None, one: Earned) -> Figures:
    """What pairs and lists have in common."""
    inside = test.inside(part)
    kept, counted = inside & one.scored, inside & one.counted
    return Figures(
        scorer=name,
        slice=part,
        rule=one.scores.rule,
        n=int(kept.sum()),
        unscored=int((inside & ~one.scored).sum()),
        left_out=int((test.slices[part] & ~inside).sum()),
        label_ties=0,
        clusters=len(np.unique(test.clusters[kept])),
        accuracy=clustered_share(one.credit[counted], test.clusters[counted]),
        tie_rate=float(one.tie[counted].mean()) if counted.any() else None,
        method=interval_words(SHARE_METHOD, test.origin.group),
        margin=None if test.gold is not None else margin_distribution([], []),
    )


def _probabilities(test: TestSet, scores: Scores, kept: Mask) -> Probabilities:
    target, margin, clusters = test.target[kept], scores.margin[kept], test.clusters[kept]
    truth = test.truth_of(kept)
    return Probabilities(
        nll=clustered_mean(pair_nll(margin, target), clusters, least=0.0),
        brier=clustered_mean((expit(margin) - target) ** 2, clusters, least=0.0, most=1.0),
        calibration=calibration(margin, target, clusters),
        against_truth=None if truth is None else against_truth(scores.values[kept], truth),
    )


def _compared(scores: Mapping[str, Scores]) -> list[tuple[str, str]]:
    """Each two scorers, and each scorer with each rule."""
    scorers, rules = ([name for name, one in scores.items() if one.rule == rule] for rule in (False, True))
    return [*combinations(scorers, 2), *product(scorers, rules)]


def _paired(test: TestSet, names: tuple[str, str], part: str | None, two: tuple[Earned, Earned]) -> Paired:
    first, second = two
    inside = test.inside(part)
    kept, both = inside & first.counted & second.counted, inside & first.scored & second.scored
    one, other, clusters = first.credit[kept], second.credit[kept], test.clusters[kept]
    difference = clustered_difference(one, other, clusters)
    alone = int((one > other).sum()), int((other > one).sum())
    exact = difference.p is not None and len(np.unique(clusters)) == len(clusters)
    losses = [pair_nll(each.scores.margin[both], test.target[both]) for each in two if each.scores.log_odds]
    return Paired(
        *names,
        slice=part,
        n=len(one),
        unscored=int((inside & ~is_tie(test.target) & ~kept).sum()),
        both_right=int(((one == 1) & (other == 1)).sum()),
        both_wrong=int(((one == 0) & (other == 0)).sum()),
        first_alone=alone[0],
        second_alone=alone[1],
        difference=difference,
        nll_difference=clustered_difference(losses[0], losses[1], test.clusters[both]) if len(losses) == 2 else None,
        mcnemar_p=mcnemar(*alone) if exact else None,
        method=interval_words(MEAN_METHOD, test.origin.group),
    )


def _suite(test: TestSet, one: Earned) -> dict[str, float | None]:
    """What a public benchmark makes of the records that have scores."""
    assert test.origin.aggregate is not None
    places = np.flatnonzero(one.scored & test.headline).tolist()
    records = [test.records[place] for place in places]
    scores = [
        one.scores.values[place, : len(record.responses)].tolist()
        for place, record in zip(places, records, strict=True)
    ]
    return dict(test.origin.aggregate(records, scores))
