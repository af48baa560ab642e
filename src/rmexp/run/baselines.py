"""The content-blind baselines that stand beside scorers: rules, and words learnt on folds of the same data."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.analysis.pair_set import PairSet
from rmexp.records import Record
from rmexp.scoring.baseline import KINDS, BaselineScorer

HELD_OUT = ("bag_of_words", "bag_of_words_length")


def baseline_scores(names: Sequence[str], pairs: PairSet, seed: int) -> dict[str, NDArray[np.float64]]:
    """(N, 2) scores of each baseline; a learnt one is left out where there is too little to learn from.

    Args:
        names: kinds of `scorer=baseline`, but for `first_token`.
        pairs: that they judge; learnt ones judge each cluster by a fit to others.
        seed: of `random`.

    Raises:
        ValueError: there is no such baseline.
    """
    check_baselines(names)
    scores: dict[str, NDArray[np.float64]] = {}
    for name in names:
        found = _learnt(name, pairs) if name in HELD_OUT else _rule(name, pairs, seed)
        if found is not None:
            scores[name] = found
    return scores


def _rule(name: str, pairs: PairSet, seed: int) -> NDArray[Any]:
    measured = {"longer": pairs.characters, "shorter": -pairs.characters, "markdown": pairs.markdown}
    return measured[name] if name in measured else np.array(rule_scores([name], pairs.records, seed)[name])


def rule_scores(names: Sequence[str], records: Sequence[Record], seed: int) -> dict[str, list[tuple[float, ...]]]:
    """The scores of each baseline that need not be learnt, for pairs and lists alike."""
    rules = (BaselineScorer(name, name, seed, None) for name in names if name not in HELD_OUT)
    return {rule.name: [rule.scores(record) for record in records] for rule in rules}


def check_baselines(names: Sequence[str]) -> None:
    """Refuse what is no baseline.

    Raises:
        ValueError: naming those that there are.
    """
    known = [kind for kind in KINDS if kind != "first_token"]
    for name in names:
        if name not in known:
            raise ValueError(f"baselines must be among {', '.join(known)}, got {name}")


def _learnt(name: str, pairs: PairSet) -> NDArray[Any] | None:
    from rmexp.analysis.bag_of_words import with_length, word_differences
    from rmexp.analysis.cross_validation import held_out_margins
    from rmexp.analysis.pair_texts import pair_texts, word_counts

    texts = pair_texts(pairs.records)
    features = word_differences(texts, word_counts(texts.texts))
    if name == "bag_of_words_length":
        features = with_length(features, texts)
    margins = held_out_margins(features, pairs.target, pairs.clusters)
    return None if margins is None else np.stack([margins, np.zeros_like(margins)], axis=1)
