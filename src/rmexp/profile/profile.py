"""Everything that a data set says of itself before a model is trained on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.data.clusters import clusters_of
from rmexp.data.leaks.check import Leaks
from rmexp.data.normalised import empty
from rmexp.evaluation.measures.ceiling import Ceiling, ceiling, truth_of
from rmexp.evaluation.measures.difficulty import BINS, Difficulty, difficulty
from rmexp.preference_data import PreferenceData, SkippedRow
from rmexp.profile.bag_of_words import length_difference
from rmexp.profile.baselines import MEANING, Baseline, baseline_scores, judged
from rmexp.profile.consistency import Consistency, Examples, consistency
from rmexp.profile.label_noise import NoiseEstimate, label_noise
from rmexp.profile.longer_by_part import Bin, Split, bin_of, splits_of
from rmexp.profile.meta_fields import MetaField, meta_fields
from rmexp.profile.pair_texts import PairTexts, pair_texts
from rmexp.profile.resolution import Resolution
from rmexp.profile.token_lengths import Lengths, Tokens, length_figures, tokens_of
from rmexp.profile.written_dialogues import WrittenDialogues, written_dialogues
from rmexp.records import Preference
from rmexp.stored_records import stored


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
        fields: further ones that the records bring.
        dialogues: that are written into one text.
        baselines: in the order computed.
        position: how often a label prefers the response listed first; 100 % in data that lists the better one first.
        noise: estimates of it.
        difficulty: of each pair.
        bins: what is in each.
        leaks: between the splits that training would use; None without two splits.
        resolution: what the split that a model would be judged on can tell; None where there is none.
        ceiling: the best that any model can get; None where the true probabilities are not known.
        seed: of the coin.
        train_stops: whether training would stop at the first of the bad rows, which a profile leaves out.
    """

    records: Sequence[Preference]
    texts: PairTexts
    splits: tuple[Split, ...]
    bad_rows: tuple[SkippedRow, ...]
    cluster: str
    clusters: int
    lengths: Lengths
    tokens: Tokens
    counts: Consistency
    examples: Examples
    fields: tuple[MetaField, ...]
    dialogues: WrittenDialogues
    baselines: tuple[Baseline, ...]
    position: Baseline
    noise: tuple[NoiseEstimate, ...]
    difficulty: Difficulty
    bins: tuple[Bin, ...]
    leaks: Leaks | None
    resolution: Resolution | None
    ceiling: Ceiling | None
    seed: int
    train_stops: bool = False

    @property
    def best(self) -> Baseline:
        """The baseline with the highest accuracy; the first of them where none has any."""
        return max(self.rules, key=lambda baseline: baseline.accuracy or 0.0)

    @property
    def rules(self) -> tuple[Baseline, ...]:
        """The baselines but for the coin, which nobody has to beat."""
        return tuple(baseline for baseline in self.baselines if baseline.name != "random")


def profile_of(
    data: PreferenceData,
    leaks: Leaks | None,
    resolution: Resolution | None = None,
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
        resolution: of the split that a model would be judged on, likewise.
        group: field whose values are independent of each other; the prompt when None.
        max_tokens: longest sequence that training would take.
        tokenizer: see `tokens_of`.
        strength: see `difficulty`.
        seed: of the coin.

    Raises:
        ValueError: a field or the tokenizer does not exist.
    """
    parts = list(data.splits.values())
    records = stored(parts[0] if len(parts) == 1 else chain.from_iterable(parts))
    texts, clusters = pair_texts(records), clusters_of(records, group)
    tokens = tokens_of(texts.texts, tokenizer)
    counts, examples = consistency(texts)
    scores = baseline_scores([*MEANING], records, clusters, seed)
    baselines = tuple(judged(name, values, texts.target, clusters) for name, values in scores.items())
    truth = truth_of(records)
    words = scores.get("bag_of_words_length")
    log_odds = None if words is None else words[:, 0]
    bins = difficulty(records, strength, *_shallow(texts, log_odds))
    return Profile(
        records=records,
        texts=texts,
        splits=splits_of(data, texts, tokens, clusters),
        bad_rows=data.bad_rows,
        cluster=f"values of {group}" if group else _independent(records),
        clusters=len(np.unique(clusters)),
        lengths=length_figures(texts, tokens, max_tokens),
        tokens=tokens,
        counts=counts,
        examples=examples,
        fields=meta_fields(records),
        dialogues=written_dialogues(texts),
        baselines=baselines,
        position=judged("first_listed", np.tile([1.0, 0.0], (len(records), 1)), texts.target, clusters),
        noise=label_noise(counts, texts.target, log_odds, clusters),
        difficulty=bins,
        bins=tuple(bin_of(name, bins, texts, clusters) for name in BINS),
        leaks=leaks,
        resolution=resolution,
        ceiling=None if truth is None else ceiling(truth, texts.target),
        seed=seed,
    )


def _shallow(texts: PairTexts, log_odds: NDArray[Any] | None) -> tuple[NDArray[Any], str]:
    """What difficulty goes by where the data does not say how strong a preference is, and what that looks at.

    Args:
        texts: of the pairs.
        log_odds: of words and length that the first response is the better one; None where they could not be fitted.
    """
    if log_odds is None:
        return length_difference(texts).astype(float), "length alone"
    return log_odds, "words and length, held out,"


def _independent(records: Sequence[Preference]) -> str:
    """What a pair goes by where no group is named: see `clusters_of`."""
    return "pairs of responses" if all(empty(record.prompt) for record in records) else "prompts"
