"""All figures of several scorers on the same pairs, slice by slice, and what tells the scorers apart.

Shapes: N pairs, S scorers, D draws.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from rmexp.analysis.against_truth import against_truth
from rmexp.analysis.calibration import calibration
from rmexp.analysis.ceiling import Truth, ceiling
from rmexp.analysis.held_out import held_out, margins
from rmexp.analysis.margins import margin_distribution
from rmexp.analysis.orientation import pair_scores
from rmexp.analysis.pair_set import PairSet
from rmexp.analysis.paired import paired
from rmexp.analysis.slopes import reward_slopes
from rmexp.analysis.usable_information import pair_nll
from rmexp.metrics.pair_credit import pair_credit
from rmexp.statistics.bootstrap import bootstrap_means, percentile_interval
from rmexp.statistics.multiple_tests import holm

Row = dict[str, Any]

_OF_PROBABILITIES = ("nll", "usable_bits", "usable_bits_low", "usable_bits_high")


class Judged(NamedTuple):
    """What each scorer earns on each pair.

    Attributes:
        margin: (N, S) first score minus second.
        credit: (N, S) 1, 0.5 or 0.
        weight: (N,) 1 where the label is no tie, else 0.
        nll: (N, S) log-loss, in nats.
        brier: (N, S) squared error of sigmoid(margin).
        log_odds: places of the scorers whose margins are on that scale: the others have no figures of probabilities.
    """

    margin: NDArray[np.float64]
    credit: NDArray[np.float64]
    weight: NDArray[np.float64]
    nll: NDArray[np.float64]
    brier: NDArray[np.float64]
    log_odds: list[int]

    def of(self, kept: NDArray[np.bool_]) -> "Judged":
        """The same for some of the pairs."""
        margin, credit, weight, nll, brier = (field[kept] for field in self[:5])
        return Judged(margin, credit, weight, nll, brier, self.log_odds)

    def draws(self, clusters: NDArray[Any], draws: int, seed: int) -> "Draws":
        """Bootstrapped means of all that has an interval, drawn together."""
        scorers, probable = self.credit.shape[1], len(self.log_odds)
        labelled = np.repeat(self.weight[:, None], scorers, axis=1)
        values = np.hstack([self.credit, self.nll[:, self.log_odds], self.brier[:, self.log_odds]])
        counted = np.hstack([labelled, np.ones((len(labelled), 2 * probable))])
        means = bootstrap_means(values, counted, clusters, draws, seed)
        unknown = np.full((draws, scorers), np.nan)
        nll, brier = unknown.copy(), unknown
        nll[:, self.log_odds] = means[:, scorers : scorers + probable]
        brier[:, self.log_odds] = means[:, scorers + probable :]
        return Draws(means[:, :scorers], nll, brier)


class Draws(NamedTuple):
    """Bootstrapped means, (D, S) each; NaN of a scorer without probabilities."""

    accuracy_bootstrap: NDArray[np.float64]
    nll: NDArray[np.float64]
    brier: NDArray[np.float64]


class Evaluated(NamedTuple):
    """Rows of evaluation.json: figures of each scorer and slice, and of each two scorers and slice."""

    results: list[Row]
    comparisons: list[Row]


def evaluate_pairs(
    pairs: PairSet,
    scores: Mapping[str, NDArray[np.floating[Any]]],
    *,
    rules: Sequence[str],
    draws: int,
    seed: int,
    unscaled: Collection[str] = (),
) -> Evaluated:
    """Judge every scorer on every slice.

    Args:
        pairs: with their slices.
        scores: (N, 2) of each scorer by its name, on the scale of log-odds.
        rules: names of those scorers that others are measured by: they get accuracies alone, and are compared with
            others only where they are the first of them.
        draws: of the bootstrap, the same ones for all scorers of a slice.
        seed: of the draws.
        unscaled: names of further scorers whose scores are no log-odds: they get no figures of probabilities.

    Returns:
        p-values in `mcnemar_p_holm` and `bootstrap_p_holm` are adjusted over the slices of two scorers.
    """
    judged = _judged(pairs, scores, {*rules, *unscaled})
    names, results, comparisons = list(scores), list[Row](), list[Row]()
    for slice_name, inside in pairs.slices.items():
        if not inside.any():
            continue
        here, clusters = judged.of(inside), pairs.clusters[inside]
        means = here.draws(clusters, draws, seed)
        where = {"data": pairs.data, "split": pairs.split, "slice": slice_name}
        for index, name in enumerate(names):
            figures = _figures(pairs, scores[name], here, inside, index, means)
            results.append({"scorer": name, **where, "records": "pairs", "baseline": name in rules, **figures})
        for first, second in _compared(names, rules):
            found = _paired(here, means, names.index(first), names.index(second))
            comparisons.append({"first": first, "second": second, **where, **found})
    return Evaluated(results, [row for two in _by_scorers(comparisons) for row in _adjusted(two)])


def _judged(pairs: PairSet, scores: Mapping[str, NDArray[np.floating[Any]]], unscaled: Collection[str]) -> Judged:
    credits, differences = list[Any](), list[NDArray[np.float64]]()
    for name, values in scores.items():
        found = pair_scores(values, f"scores of {name}")
        if len(found) != len(pairs.target):
            raise ValueError(f"expected scores of {len(pairs.target)} pairs by {name}, got {len(found)}")
        credits.append(pair_credit(found[:, 0], found[:, 1], pairs.target))
        differences.append(margins(found))
    margin, target = np.stack(differences, axis=1), pairs.target[:, None]
    return Judged(
        margin,
        np.stack([credit.credit for credit in credits], axis=1),
        credits[0].weight,
        pair_nll(margin, target),
        (expit(margin) - target) ** 2,
        [place for place, name in enumerate(scores) if name not in unscaled],
    )


def _figures(
    pairs: PairSet,
    scores: NDArray[np.floating[Any]],
    here: Judged,
    inside: NDArray[np.bool_],
    index: int,
    means: Draws,
) -> Row:
    """The figures of one scorer on one slice; those of probabilities are None where its scores are no log-odds."""
    target, margin = pairs.target[inside], here.margin[:, index]
    row = held_out(scores[inside], target).to_row() | {"clusters": len(np.unique(pairs.clusters[inside]))}
    for name, drawn in means._asdict().items():
        mean = drawn[:, index]
        # where all draws are equal, as at 100 %, the bootstrap knows nothing of the uncertainty; Wilson's interval does
        low, high = percentile_interval(mean) if np.ptp(mean) else (None, None)
        row[f"{name}_low"], row[f"{name}_high"] = low, high
    if index in here.log_odds:
        row |= calibration(margin, target).to_row()
    else:
        row |= dict.fromkeys([*_OF_PROBABILITIES, *calibration([], []).to_row()])
    if pairs.truth is not None:
        row |= _by_truth(scores[inside], target, pairs.truth.of(inside), probabilities=index in here.log_odds)
    row |= margin_distribution(margin, target).to_row()
    measured = (pairs.characters[inside], pairs.markdown[inside], pairs.clusters[inside])
    slopes = reward_slopes(margin, target, *measured)
    return row | {"slopes": {name: slope and slope.to_row() for name, slope in slopes.items()}}


def _by_truth(scores: NDArray[Any], target: NDArray[np.float64], truth: Truth, *, probabilities: bool) -> Row:
    """The best that any scorer can get on the pairs, and how near to the true probabilities this one comes."""
    best = ceiling(truth, target)
    found = against_truth(scores, truth).to_row() if probabilities else None
    return {"bayes_accuracy": best.bayes_accuracy, "bayes_nll": best.bayes_nll, "against_truth": found}


def _compared(names: Sequence[str], rules: Sequence[str]) -> list[tuple[str, str]]:
    """Each two scorers, and each scorer with each rule."""
    scorers = [name for name in names if name not in rules]
    two = [(first, second) for place, first in enumerate(scorers) for second in scorers[place + 1 :]]
    return two + [(scorer, rule) for scorer in scorers for rule in rules]


def _paired(here: Judged, means: Draws, first: int, second: int) -> Row:
    two = [first, second]
    drawn = np.hstack([means.accuracy_bootstrap[:, two], means.nll[:, two]])
    row = paired(here.credit[:, two], here.weight, here.nll[:, two], drawn).to_row()
    if not {first, second} <= set(here.log_odds):
        row["nll_difference"] = None
    return row


def _by_scorers(rows: Sequence[Row]) -> list[list[Row]]:
    grouped: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        grouped.setdefault((row["first"], row["second"]), []).append(row)
    return [*grouped.values()]


def _adjusted(rows: list[Row]) -> list[Row]:
    """The rows of two scorers with their p-values adjusted for the number of slices."""
    for name in ("mcnemar_p", "bootstrap_p"):
        known = [row for row in rows if row[name] is not None]
        for row, p in zip(known, holm([row[name] for row in known]), strict=True):
            row[f"{name}_holm"] = p
    return [{"mcnemar_p_holm": None, "bootstrap_p_holm": None, **row} for row in rows]
