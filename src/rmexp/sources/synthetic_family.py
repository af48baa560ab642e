"""Replies whose worth is known: the gold reward of any text of the synthetic family."""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rmexp.records import Prompt, prompt_text
from rmexp.sources.reply_sentences import ATTRIBUTES, DISTRACTORS, GROUPS, TONES

REPEAT_COST = 1.0  # of each further mention of a sentence: as much as two replies usually differ by
STRAY_COST = 0.1  # of each word outside any sentence of the family
_LENGTHS = sorted({len(sentence.split()) for sentence in (*ATTRIBUTES, *DISTRACTORS)}, reverse=True)
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


class Reading(NamedTuple):
    """What a response consists of.

    Attributes:
        counts: (S,) mentions of each sentence of the family.
        stray: words outside any of them.
    """

    counts: NDArray[np.int64]
    stray: int


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """Sentences and what they are worth to whom.

    Attributes:
        sentences: S of them, those that are worth nothing last.
        weights: (G, 2, S) worth of a sentence to each annotator group when the prompt asks for each of `TONES`, in
            units of the standard deviation of the difference between two replies.
        names_groups: whether prompts name the group.
    """

    sentences: tuple[str, ...]
    weights: NDArray[np.float64]
    names_groups: bool

    def read(self, response: str) -> Reading:
        """Find the family's sentences in a text, whatever its case, punctuation and line breaks."""
        known, text = _by_words(self.sentences), words(response)
        counts, stray, position = np.zeros(len(self.sentences), dtype=np.int64), 0, 0
        while position < len(text):
            for length in _LENGTHS:
                index = known.get(tuple(text[position : position + length]))
                if index is not None:
                    counts[index] += 1
                    position += length
                    break
            else:
                stray += 1
                position += 1
        return Reading(counts, stray)

    def utilities(self, response: str) -> NDArray[np.float64]:
        """(G, 2): worth of a response to each group under each tone."""
        counts, stray = self.read(response)
        repeats = int((counts - (counts > 0)).sum())
        return self.weights @ (counts > 0) - REPEAT_COST * repeats - STRAY_COST * stray

    def gold(self, prompt: Prompt, response: str) -> float:
        """The gold reward of a response to a prompt, both of them any text.

        The first mention of a sentence earns its weight, each further one costs `REPEAT_COST`, and each word outside
        the family's sentences, such as those of a sentence that breaks off, costs `STRAY_COST`. What the prompt leaves
        open (no tone or both; no group or several) is averaged over.
        """
        groups, tones = self.meant(prompt)
        return float(self.utilities(response)[np.ix_(groups, tones)].mean())

    def meant(self, prompt: Prompt) -> tuple[list[int], list[int]]:
        """Indices of the groups and of the tones that a prompt may mean."""
        asked = set(words(prompt_text(prompt)))
        groups = _named(GROUPS[: len(self.weights)], asked) if self.names_groups else range(len(self.weights))
        return list(groups), _named(list(TONES), asked)


def synthetic_family(
    *,
    attributes: int,
    distractors: int,
    sentences: list[int],
    weight_seed: int,
    prompt_dependence: float,
    groups: int,
    group_agreement: float,
    group_in_prompt: bool,
) -> Family:
    """Draw the weights of a family.

    Weights are normal, centred, so that length alone is worth nothing, and scaled so that the gold rewards of two
    replies of random length differ by a standard deviation of 1.

    Args:
        attributes: number of sentences that are worth something.
        distractors: number of sentences that are worth nothing.
        sentences: smallest and largest number of worthwhile sentences in a reply, all equally likely.
        weight_seed: of the weights.
        prompt_dependence: share in [0, 1] of the attributes whose weight changes its sign with the tone.
        groups: annotator groups, at least 1.
        group_agreement: correlation in [0, 1] of the weights of two groups.
        group_in_prompt: whether prompts name the group.

    Raises:
        ValueError: a number is out of range.
    """
    _check_whole("attributes", attributes, 2, len(ATTRIBUTES))
    low, high = _check_sentences(sentences, attributes)
    _check_whole("distractors", distractors, 0, len(DISTRACTORS))
    _check_whole("weight_seed", weight_seed, 0, 2**32 - 1)
    _check_share("prompt_dependence", prompt_dependence)
    _check_share("group_agreement", group_agreement)
    if not 1 <= groups <= len(GROUPS):
        raise ValueError(f"there are 1 to {len(GROUPS)} groups, got {groups} (set data.group_temperatures)")
    rng = np.random.default_rng([weight_seed, 0])
    shared, own = rng.normal(size=(1, attributes)), rng.normal(size=(groups, attributes))
    weights = shared if groups == 1 else np.sqrt(group_agreement) * shared + np.sqrt(1 - group_agreement) * own
    weights = weights - weights.mean(axis=1, keepdims=True)
    weights = weights / (weights.std(axis=1, keepdims=True) * _spread(attributes, low, high))
    turned = rng.permutation(attributes)[: round(prompt_dependence * attributes)]
    by_tone = np.stack([weights, weights], axis=1)
    by_tone[:, 1, turned] *= -1
    padded = np.concatenate([by_tone, np.zeros((groups, len(TONES), distractors))], axis=2)
    # rounded, so that the last digits of a machine's arithmetic do not make it another family
    return Family((*ATTRIBUTES[:attributes], *DISTRACTORS[:distractors]), padded.round(4), group_in_prompt)


def words(text: str) -> list[str]:
    """The words of a text, without case and punctuation."""
    return _WORD.findall(text.casefold())


@functools.cache
def _by_words(sentences: tuple[str, ...]) -> dict[tuple[str, ...], int]:
    return {tuple(words(sentence)): index for index, sentence in enumerate(sentences)}


def _named(names: Sequence[str], asked: set[str]) -> list[int]:
    """Indices of the names that occur, of all where none does."""
    return [index for index, name in enumerate(names) if name in asked] or list(range(len(names)))


def _spread(attributes: int, low: int, high: int) -> float:
    """Standard deviation of the difference of two replies where that of the centred weights is 1.

    The sum of k of n values drawn without replacement has the variance k (n - k) / (n - 1).
    """
    sizes = np.arange(low, high + 1)
    return float(np.sqrt(2 * (sizes * (attributes - sizes)).mean() / (attributes - 1)))


def _check_sentences(sentences: list[int], attributes: int) -> tuple[int, int]:
    whole = len(sentences) == 2 and all(type(size) is int for size in sentences)
    if not whole or not 1 <= sentences[0] <= sentences[1] < attributes:
        raise ValueError(
            f"`sentences` must be the smallest and the largest number, from 1 to less than {attributes} attributes, "
            f"got {sentences} (set data.sentences)"
        )
    return sentences[0], sentences[1]


def _check_whole(key: str, value: int, low: int, high: int) -> None:
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"`{key}` must be a whole number from {low} to {high}, got {value!r} (set data.{key})")


def _check_share(key: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"`{key}` must be in [0, 1], got {value} (set data.{key})")
