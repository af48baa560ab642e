"""What rules that know nothing of content get right: a model must beat them before it has learnt anything else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from rmexp.analysis.pair_texts import PairTexts
from rmexp.data.text_measures import list_items, markdown_marks
from rmexp.metrics.pair_credit import pair_credit
from rmexp.statistics.shares import clustered_share

MEANING = {
    "longer": "the response with more characters",
    "shorter": "the response with fewer characters",
    "random": "a seeded coin",
    "list_items": "the response with more list items",
    "markdown": "the response with more markdown marks",
    "prompt_overlap": "the response that repeats more of the prompt's words",
    "first_token": "first token of each response, learnt from the other folds",
    "bag_of_words": "counts of words, learnt from the other folds",
    "bag_of_words_length": "counts of words and the logarithm of the length, learnt from the other folds",
}
LEARNT = ("first_token", "bag_of_words", "bag_of_words_length")


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
    """

    name: str
    n: int
    accuracy: float | None
    low: float | None
    high: float | None
    undecided: float | None


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
    figure = clustered_share(credit.credit[labelled], clusters[labelled])
    undecided = float(credit.tie[labelled].mean()) if figure.n else None
    return Baseline(name, figure.n, figure.value, figure.low, figure.high, undecided)


def rule_scores(texts: PairTexts, words: csr_array, seed: int) -> Mapping[str, NDArray[Any]]:
    """(N, 2) scores of each rule that learns nothing.

    Args:
        texts: of the pairs.
        words: (U, V) counts of the words of each text.
        seed: of the coin, whose luck also depends on the number of pairs.
    """
    characters = texts.sides(texts.each(len))
    return {
        "longer": characters,
        "shorter": -characters,
        "random": np.random.default_rng([seed, len(texts)]).random((len(texts), 2)),
        "list_items": texts.sides(texts.each(list_items)),
        "markdown": texts.sides(texts.each(markdown_marks)),
        "prompt_overlap": prompt_overlap(texts, words),
    }


def prompt_overlap(texts: PairTexts, words: csr_array) -> NDArray[np.float64]:
    """(N, 2) share of the prompt's distinct words that each response repeats; 0 where the prompt has none.

    Args:
        texts: of the pairs.
        words: (U, V) counts of the words of each text.
    """
    present = words.astype(bool).astype(np.float32)
    prompts = present[texts.prompt]
    size = np.maximum(prompts.sum(axis=1), 1)
    shared = [prompts.multiply(present[side]).sum(axis=1) / size for side in (texts.chosen, texts.rejected)]
    return np.stack([np.asarray(side, dtype=np.float64).ravel() for side in shared], axis=1)
