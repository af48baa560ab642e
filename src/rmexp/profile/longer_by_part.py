"""The splits of a data set and its bins of difficulty, each with what the rule of the longer response gets there."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.evaluation.measures.difficulty import Difficulty
from rmexp.preference_data import PreferenceData
from rmexp.profile.baselines import Baseline, judged
from rmexp.profile.pair_texts import PairTexts
from rmexp.profile.token_lengths import Tokens


@dataclass(frozen=True, slots=True)
class Split:
    """One split of the source.

    Attributes:
        name: of it.
        pairs: in it.
        prompts: distinct ones.
        tokens: of all its pairs, each prompt counted once a pair.
        longer: what the rule of the longer response gets.
    """

    name: str
    pairs: int
    prompts: int
    tokens: int
    longer: Baseline


@dataclass(frozen=True, slots=True)
class Bin:
    """The pairs of one difficulty.

    Attributes:
        name: `easy`, `medium` or `hard`.
        pairs: in it, labelled ties among them.
        longer: what the rule of the longer response gets on them.
        ease_low: least ease, None of an empty bin.
        ease_high: most.
    """

    name: str
    pairs: int
    longer: Baseline
    ease_low: float | None
    ease_high: float | None


def splits_of(data: PreferenceData, texts: PairTexts, tokens: Tokens, clusters: NDArray[Any]) -> tuple[Split, ...]:
    """Figures of each split of the source.

    Args:
        data: of which `texts` and `tokens` are, split after split.
        texts: of N pairs.
        tokens: of these texts.
        clusters: (N,) numbers of what is independent of each other.
    """
    found, start = [], 0
    characters = texts.sides(texts.each(len))
    used = tokens.lengths[texts.prompt] + texts.sides(tokens.lengths).sum(axis=1)
    for name, records in data.splits.items():
        part = slice(start, start + len(records))
        longer = judged("longer", characters[part], texts.target[part], clusters[part])
        found.append(Split(name, len(records), len(np.unique(texts.prompt[part])), int(used[part].sum()), longer))
        start += len(records)
    return tuple(found)


def bin_of(name: str, bins: Difficulty, texts: PairTexts, clusters: NDArray[Any]) -> Bin:
    """Figures of the pairs of one difficulty.

    Args:
        name: of the bin.
        bins: of N pairs.
        texts: of these pairs.
        clusters: (N,) numbers of what is independent of each other.
    """
    inside = np.array([bin_name == name for bin_name in bins.bins])
    longer = judged("longer", texts.sides(texts.each(len))[inside], texts.target[inside], clusters[inside])
    ease = bins.ease[inside]
    low, high = (float(ease.min()), float(ease.max())) if len(ease) else (None, None)
    return Bin(name, int(inside.sum()), longer, low, high)
