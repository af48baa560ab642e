"""What a data set itself tells about how many of its labels are wrong, and what each such figure rests on."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.metrics.preferred_side import is_tie, preferred_side
from rmexp.profile.consistency import Consistency
from rmexp.statistics.means import clustered_mean
from rmexp.statistics.shares import clustered_share, wilson

FEWEST = 20  # repeated pairs, triangles or shared votes from which an estimate is made
CONFIDENT = 0.9  # probability from which a baseline's disagreement with a label is called confident


@dataclass(frozen=True, slots=True)
class NoiseEstimate:
    """An estimate of the share of labels that are wrong.

    Attributes:
        method: `repeated_pairs`, `triangles`, `votes` or `confident_disagreement`.
        n: pairs, triangles or labels that it rests on.
        value: share of wrong labels; None where there is too little to estimate it from.
        low: lower end of the 95 % interval, which takes clusters as independent, of repeated pairs each by itself; None
            where it cannot be said, as of triangles, which share labels.
        high: upper end.
        says: what is estimated, and on what assumption.
    """

    method: str
    n: int
    value: float | None
    low: float | None
    high: float | None
    says: str


def label_noise(
    counts: Consistency, target: NDArray[Any], margins: NDArray[Any] | None, clusters: NDArray[Any]
) -> tuple[NoiseEstimate, ...]:
    """Every estimate that the data allows, and why the others cannot be had.

    Args:
        counts: of repeated pairs and triangles.
        target: (N,) probability that the first response is the better one.
        margins: (N,) held-out log-odds of the baseline that it is; None when it could not be fitted.
        clusters: (N,) numbers of what is independent, such as prompts.
    """
    return (
        _from_repeated(counts),
        _from_triangles(counts),
        _from_votes(target, clusters),
        _from_disagreement(target, margins, clusters),
    )


def flip_rate(disagreements: float) -> float:
    """The rate e of independent flips at which two labels of one pair disagree with probability 2 e (1 - e).

    >>> round(flip_rate(2 * 0.1 * 0.9), 6)
    0.1
    """
    return (1 - math.sqrt(max(0.0, 1 - 2 * disagreements))) / 2


def _from_repeated(counts: Consistency) -> NoiseEstimate:
    says = (
        "Share of wrong labels, from pairs that are labelled more than once, if each label is turned round "
        "independently and at the same rate; copies of one row that pass for labels of their own make it too small."
    )
    differing = counts.repeated * (counts.disagreement or 0.0)
    return _estimate("repeated_pairs", differing, counts.repeated, flip_rate, says)


def _from_triangles(counts: Consistency) -> NoiseEstimate:
    says = (
        "Share of wrong labels, from three responses that are all compared with each other, if there is a true order "
        "and each label is turned round independently and at the same rate e: a cycle then has probability e (1 - e). "
        "Where two responses were compared several times, the majority is the label, which is wrong less often."
    )
    triangles = counts.triangles or 0
    found = _estimate("triangles", counts.cyclic_triangles or 0, triangles, lambda share: flip_rate(2 * share), says)
    return replace(found, low=None, high=None)  # triangles share labels


def _from_votes(target: NDArray[Any], clusters: NDArray[Any]) -> NoiseEstimate:
    soft = target[(target > 0) & (target < 1)]
    says = "Mean probability that a rater contradicts the label, if the soft labels are shares of raters or calibrated."
    if len(soft) < FEWEST:
        return NoiseEstimate("votes", len(soft), None, None, None, f"{says} {_too_few(len(soft), 'soft labels')}")
    against = np.minimum(target, 1 - target)
    mean = clustered_mean(against, clusters)
    low, high = (None if end is None else min(max(end, 0.0), 0.5) for end in (mean.low, mean.high))
    return NoiseEstimate("votes", len(against), mean.value, low, high, says)


def _from_disagreement(target: NDArray[Any], margins: NDArray[Any] | None, clusters: NDArray[Any]) -> NoiseEstimate:
    says = (
        f"Share of pairs whose label words and length, learnt from the other folds, contradict with a probability of "
        f"at least {CONFIDENT:g}: a flag for pairs to be read, no estimate, for the baseline is wrong too and sees "
        "little of the noise."
    )
    if margins is None:
        return NoiseEstimate("confident_disagreement", 0, None, None, None, f"{says} The baseline could not be fitted.")
    labelled = ~is_tie(target)
    towards = np.where(preferred_side(target), -margins, margins)[labelled]
    threshold = math.log(CONFIDENT / (1 - CONFIDENT))
    if len(towards) < FEWEST:
        return NoiseEstimate(
            "confident_disagreement", len(towards), None, None, None, f"{says} {_too_few(len(towards), 'pairs')}"
        )
    found = clustered_share(towards <= -threshold, clusters[labelled])
    return NoiseEstimate("confident_disagreement", found.n, found.value, found.low, found.high, says)


def _estimate(method: str, cases: float, n: int, turned: Any, says: str) -> NoiseEstimate:
    if n < FEWEST:
        return NoiseEstimate(method, n, None, None, None, f"{says} {_too_few(n, method.replace('_', ' '))}")
    low, high = wilson(cases, n)
    value, lower, upper = (turned(share) for share in (cases / n, low, high))
    return NoiseEstimate(method, n, value, lower, upper, says)


def _too_few(n: int, noun: str) -> str:
    return f"Cannot be estimated here: {n} {noun}, expected at least {FEWEST}."
