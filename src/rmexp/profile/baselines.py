"""What baselines that know nothing of content get right: a model must beat them before it has learnt anything else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.data.rules import LEARNT, rule_scores
from rmexp.evaluation.measures.accuracy import clustered_accuracy
from rmexp.metrics.pair_credit import pair_credit
from rmexp.profile.bag_of_words import add_length, first_word_differences, word_differences
from rmexp.profile.cross_validation import held_out_margins
from rmexp.profile.pair_texts import PairTexts, pair_texts
from rmexp.records import Preference

MEANING = {
    "longer": "the response with more characters",
    "shorter": "the response with fewer characters",
    "random": "a seeded coin",
    "list_items": "the response with more list items",
    "markdown": "the response with more markdown marks",
    "prompt_overlap": "the response that repeats more of the prompt's words",
    "first_token": "first word of each response, learnt from the other folds",
    "bag_of_words": "counts of words, learnt from the other folds",
    "bag_of_words_length": "counts of words and the logarithm of the length, learnt from the other folds",
}


@dataclass(frozen=True, slots=True)
class Baseline:
    """How often a rule prefers what the label prefers.

    Attributes:
        name: of the rule, a key of `MEANING`.
        n: pairs with a preference.
        accuracy: share of them in the right order, equal scores counting one half; None without such pairs.
        low: lower end of the 95 % interval, which takes clusters as independent; None with fewer than two.
        high: upper end.
        undecided: share of the pairs to which the rule gives equal scores.
        few: whether the interval is a rough one, see `Share`.
    """

    name: str
    n: int
    accuracy: float | None
    low: float | None
    high: float | None
    undecided: float | None
    few: bool = False


def judged(name: str, scores: NDArray[Any], target: NDArray[Any], clusters: NDArray[Any]) -> Baseline:
    """The accuracy of a rule.

    Args:
        name: of the rule.
        scores: (N, 2) of the responses listed first and second; compared in float32.
        target: (N,) probability that the first is the better one.
        clusters: (N,) numbers of the clusters that are independent of each other.
    """
    values = np.asarray(scores, dtype=np.float32)
    credit = pair_credit(values[:, 0], values[:, 1], target)
    labelled = credit.weight > 0
    figure = clustered_accuracy(values, target, clusters)
    undecided = float(credit.tie[labelled].mean()) if figure.n else None
    return Baseline(name, figure.n, figure.value, figure.low, figure.high, undecided, figure.few and figure.n > 0)


def baseline_scores(
    names: Sequence[str], records: Sequence[Preference], clusters: NDArray[Any], seed: int
) -> dict[str, NDArray[np.float64]]:
    """(N, 2) scores of each baseline on pairs; a learnt one is left out where there is too little to learn from.

    Args:
        names: kinds of `scorer=baseline`.
        records: N pairs.
        clusters: (N,) numbers of the clusters that are independent of each other: learnt baselines judge each by a fit
            to others.
        seed: of `random`.
    """
    texts = pair_texts(records)
    learnt = _held_out([name for name in names if name in LEARNT], texts, clusters)
    rules = {name: np.array(rule_scores(name, records, seed)) for name in names if name not in LEARNT}
    return {name: scores for name in names if (scores := (rules | learnt).get(name)) is not None}


def _held_out(names: Sequence[str], texts: PairTexts, clusters: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
    """Scores of the learnt ones, held out: their difference is the log-odds, the second one 0."""
    if not names:
        return {}
    margins = dict[str, NDArray[np.float64] | None]()
    if "first_token" in names:
        margins["first_token"] = held_out_margins(first_word_differences(texts), texts.target, clusters)
    differences = word_differences(texts)
    if "bag_of_words" in names:
        margins["bag_of_words"] = held_out_margins(differences, texts.target, clusters)
    if "bag_of_words_length" in names:
        add_length(differences, texts)
        margins["bag_of_words_length"] = held_out_margins(differences, texts.target, clusters)
    return {name: np.stack([each, np.zeros_like(each)], axis=1) for name, each in margins.items() if each is not None}
