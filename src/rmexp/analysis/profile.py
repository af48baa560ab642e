"""Everything that a data set says of itself before a model is trained on it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.analysis.bag_of_words import first_token_differences, length_difference, with_length, word_differences
from rmexp.analysis.baselines import Baseline, judged, rule_scores
from rmexp.analysis.ceiling import Ceiling, ceiling, truth_of
from rmexp.analysis.clusters import clusters_of
from rmexp.analysis.consistency import Consistency, Examples, consistency
from rmexp.analysis.cross_validation import held_out_margins
from rmexp.analysis.difficulty import BINS, Difficulty, difficulty
from rmexp.analysis.label_noise import NoiseEstimate, label_noise
from rmexp.analysis.pair_texts import PairTexts, pair_texts, word_counts
from rmexp.analysis.token_lengths import Lengths, Tokens, length_figures, tokens_of
from rmexp.data.leaks import Leaks
from rmexp.data.normalised import empty
from rmexp.preference_data import PreferenceData, SkippedRow
from rmexp.records import Preference

FALLBACK = "length alone"


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


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no single truth value
class Profile:
    """What is known of a data set.

    Attributes:
        records: all pairs, split by split.
        texts: of them.
        splits: of the source.
        bad_rows: rows that were left out while reading.
        cluster: what intervals and folds take as independent.
        clusters: how many of these there are.
        lengths: in tokens and characters.
        tokens: of each text.
        counts: of what repeats and contradicts.
        examples: indices of pairs that do.
        baselines: in the order computed.
        noise: estimates of it.
        difficulty: of each pair.
        bins: what is in each.
        leaks: between the splits that training would use; None without two splits.
        ceiling: the best that any model can get; None where the true probabilities are not known.
        seed: of the coin.
    """

    records: tuple[Preference, ...]
    texts: PairTexts
    splits: tuple[Split, ...]
    bad_rows: tuple[SkippedRow, ...]
    cluster: str
    clusters: int
    lengths: Lengths
    tokens: Tokens
    counts: Consistency
    examples: Examples
    baselines: tuple[Baseline, ...]
    noise: tuple[NoiseEstimate, ...]
    difficulty: Difficulty
    bins: tuple[Bin, ...]
    leaks: Leaks | None
    ceiling: Ceiling | None
    seed: int

    @property
    def best(self) -> Baseline:
        """The baseline with the highest accuracy; the first of them where none has any."""
        return max(self.baselines, key=lambda baseline: baseline.accuracy or 0.0)

    def to_row(self) -> dict[str, Any]:
        """The content of profile.json."""
        kinds = [row.kind for row in self.bad_rows]
        soft = (self.texts.target > 0) & (self.texts.target < 1) & (self.texts.target != 0.5)
        return {
            "pairs": len(self.records),
            "splits": {split.name: asdict(split) for split in self.splits},
            "prompts": len(np.unique(self.texts.prompt)),
            "tokens": self.lengths.total,
            "bad_rows": len(self.bad_rows),
            "empty": kinds.count("empty"),
            "identical": kinds.count("identical"),
            "malformed": len(kinds) - kinds.count("empty") - kinds.count("identical"),
            "ties": int((self.texts.target == 0.5).sum()),
            "soft_targets": int(soft.sum()),
            "repeated_ids": len(self.records) - len({record.id for record in self.records}),
            **asdict(self.counts),
            "leaks": None if self.leaks is None else self.leaks.to_row(),
            "lengths": self.lengths.to_row(),
            "intervals": {"confidence": 0.95, "independent": self.cluster, "clusters": self.clusters},
            "baselines": {b.name: {k: v for k, v in asdict(b).items() if k != "name"} for b in self.baselines},
            "best_baseline": self.best.name,
            "ceiling": None if self.ceiling is None else self.ceiling.to_row(),
            "label_noise": {e.method: {k: v for k, v in e.to_row().items() if k != "method"} for e in self.noise},
            "difficulty": {
                "by": self.difficulty.by,
                "thresholds": list(self.difficulty.thresholds),
                "bins": {b.name: {k: v for k, v in asdict(b).items() if k != "name"} for b in self.bins},
            },
        }


def profile_of(
    data: PreferenceData,
    leaks: Leaks | None,
    *,
    group: str | None,
    max_tokens: int,
    tokenizer: str | None,
    strength: Sequence[str],
    seed: int,
) -> Profile:
    """Look at all pairs of a data set.

    Args:
        data: with at least one pair.
        leaks: between its splits, as found before.
        group: field whose values are independent of each other; the prompt when None.
        max_tokens: longest sequence that training would take.
        tokenizer: see `tokens_of`.
        strength: see `difficulty`.
        seed: of the coin.

    Raises:
        ValueError: a field or the tokenizer does not exist.
    """
    records = tuple(record for split in data.splits.values() for record in split)
    texts, clusters = pair_texts(records), clusters_of(records, group)
    tokens = tokens_of(texts.texts, tokenizer)
    counts, examples = consistency(texts)
    scores = _scores(texts, tokens, clusters, seed)
    baselines = tuple(judged(name, values, texts.target, clusters) for name, values in scores.items())
    truth = truth_of(records)
    learnt = scores.get("bag_of_words_length")
    shallow = length_difference(texts).astype(float) if learnt is None else learnt[:, 0]
    by = FALLBACK if learnt is None else "words and length, held out,"
    bins = difficulty(records, strength, shallow, by)
    return Profile(
        records=records,
        texts=texts,
        splits=_splits(data, texts, tokens, clusters),
        bad_rows=data.bad_rows,
        cluster=f"values of {group}" if group else _independent(records),
        clusters=len(np.unique(clusters)),
        lengths=length_figures(texts, tokens, max_tokens),
        tokens=tokens,
        counts=counts,
        examples=examples,
        baselines=baselines,
        noise=label_noise(counts, texts.target, None if learnt is None else learnt[:, 0]),
        difficulty=bins,
        bins=tuple(_bin(name, bins, texts, clusters) for name in BINS),
        leaks=leaks,
        ceiling=None if truth is None else ceiling(truth, texts.target),
        seed=seed,
    )


def _independent(records: Sequence[Preference]) -> str:
    """What a pair goes by where no group is named: see `clusters_of`."""
    return "pairs of responses" if all(empty(record.prompt) for record in records) else "prompts"


def _scores(texts: PairTexts, tokens: Tokens, clusters: NDArray[Any], seed: int) -> Mapping[str, NDArray[Any]]:
    """(N, 2) of each baseline; the learnt ones are left out where there is too little to learn from."""
    words = word_counts(texts.texts)
    scores = dict(rule_scores(texts, words, seed))
    differences = word_differences(texts, words)
    features = {
        "first_token": first_token_differences(np.unique(tokens.first, return_inverse=True)[1], texts),
        "bag_of_words": differences,
        "bag_of_words_length": with_length(differences, texts),
    }
    for name, values in features.items():
        margins = held_out_margins(values, texts.target, clusters)
        if margins is not None:
            scores[name] = np.stack([margins, np.zeros_like(margins)], axis=1)
    return scores


def _splits(data: PreferenceData, texts: PairTexts, tokens: Tokens, clusters: NDArray[Any]) -> tuple[Split, ...]:
    found, start = [], 0
    characters = texts.sides(texts.each(len))
    used = tokens.lengths[texts.prompt] + texts.sides(tokens.lengths).sum(axis=1)
    for name, records in data.splits.items():
        part = slice(start, start + len(records))
        longer = judged("longer", characters[part], texts.target[part], clusters[part])
        found.append(Split(name, len(records), len(np.unique(texts.prompt[part])), int(used[part].sum()), longer))
        start += len(records)
    return tuple(found)


def _bin(name: str, bins: Difficulty, texts: PairTexts, clusters: NDArray[Any]) -> Bin:
    inside = np.array([bin_name == name for bin_name in bins.bins])
    longer = judged("longer", texts.sides(texts.each(len))[inside], texts.target[inside], clusters[inside])
    ease = bins.ease[inside]
    low, high = (float(ease.min()), float(ease.max())) if len(ease) else (None, None)
    return Bin(name, int(inside.sum()), longer, low, high)
