"""Candidate sets whose responses carry the same labels: which label each scorer prefers, and whether scorers agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmexp.statistics.correlation import kendall
from rmexp.statistics.shares import Share, share


@dataclass(frozen=True, slots=True)
class GradedScorer:
    """One scorer on the labelled responses.

    Attributes:
        means: mean score of each label.
        first_wins: for each label but the first, the share of prompts in which the first label scores higher.
    """

    means: dict[str, float]
    first_wins: dict[str, Share]


@dataclass(frozen=True, slots=True)
class GradedAgreement:
    """Two scorers on the same labelled responses.

    Attributes:
        first: name of the one scorer.
        second: name of the other.
        identical: share of prompts on which both order all labels identically, ties included.
        kendall: mean over prompts of tau-b between their scores; None where it is defined for no prompt.
    """

    first: str
    second: str
    identical: Share
    kendall: float | None


@dataclass(frozen=True, slots=True)
class Graded:
    """Scorers on candidate sets with the same labels.

    Attributes:
        prompts: number of candidate sets.
        labels: names of the responses, in the order of the scores.
        scorers: figures by scorer's name.
        agreements: one record for each two scorers.
    """

    prompts: int
    labels: tuple[str, ...]
    scorers: dict[str, GradedScorer]
    agreements: tuple[GradedAgreement, ...]


def graded(labels: Sequence[str], scores_by_scorer: Mapping[str, ArrayLike]) -> Graded:
    """Which label each scorer prefers and how alike the scorers order the labels.

    Args:
        labels: K names; the first is the one that should win.
        scores_by_scorer: (N, K) scores of each scorer for N prompts, compared in float32.

    Raises:
        ValueError: the scores of two scorers differ in shape, or there is not one a label.
    """
    scores = {name: np.asarray(values, dtype=np.float32) for name, values in scores_by_scorer.items()}
    shapes = {values.shape for values in scores.values()}
    if len(shapes) != 1 or len(shape := shapes.pop()) != 2 or shape[0] == 0 or shape[1] != len(labels):
        got = ", ".join(f"{name} {values.shape}" for name, values in scores.items())
        raise ValueError(f"every scorer must give the same (prompts, {len(labels)}) scores, got {got or 'none'}")
    return Graded(
        prompts=shape[0],
        labels=tuple(labels),
        scorers={name: _scorer(labels, values) for name, values in scores.items()},
        agreements=tuple(_agreement(a, scores[a], b, scores[b]) for a, b in combinations(scores, 2)),
    )


def _scorer(labels: Sequence[str], scores: NDArray[np.float32]) -> GradedScorer:
    first, wins = scores[:, 0], {}
    for column, label in enumerate(labels[1:], start=1):
        credit = (first > scores[:, column]).sum() + (first == scores[:, column]).sum() / 2
        wins[label] = share(float(credit), len(scores))
    means = scores.mean(axis=0, dtype=np.float64)
    return GradedScorer({label: float(mean) for label, mean in zip(labels, means, strict=True)}, wins)


def _agreement(first: str, a: NDArray[Any], second: str, b: NDArray[Any]) -> GradedAgreement:
    same = (_order(a) == _order(b)).all(axis=(1, 2))
    taus = [tau for row_a, row_b in zip(a, b, strict=True) if (tau := kendall(row_a, row_b)) is not None]
    return GradedAgreement(first, second, share(float(same.sum()), len(a)), float(np.mean(taus)) if taus else None)


def _order(scores: NDArray[Any]) -> NDArray[np.int8]:
    """(N, K, K): sign of every difference between two labels of a prompt; equal exactly when the orders are."""
    higher, lower = scores[:, :, None] > scores[:, None, :], scores[:, :, None] < scores[:, None, :]
    return higher.astype(np.int8) - lower.astype(np.int8)
