"""Prompts and pairs of replies of the synthetic family, each of them drawn once."""

import random
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rmexp.sources.reply_sentences import ASKERS, OCCASIONS, PROMPT, SUBJECTS, TONES
from rmexp.sources.synthetic_family import Family

PROMPTS = len(ASKERS) * len(SUBJECTS) * len(OCCASIONS)
_TRIES = 1000  # to find two replies that are new


class Reply(NamedTuple):
    """A response, its number of sentences and its (G, 2) worth to each group under each tone."""

    text: str
    sentences: int
    worth: NDArray[np.float64]


class ReplyPairs:
    """Draws two different replies at a time, no two of them twice.

    Args:
        family: that the replies are of.
        attributes: how many of its sentences are worth something; they come first.
        sentences: smallest and largest number of them in a reply.
    """

    def __init__(self, family: Family, attributes: int, sentences: list[int]) -> None:
        self.family = family
        self.attributes = attributes
        self.sentences = sentences
        self._drawn: set[frozenset[str]] = set()

    def draw(self, rng: random.Random) -> tuple[Reply, Reply]:
        """The next two.

        Raises:
            ValueError: there are too few different replies.
        """
        for _ in range(_TRIES):
            first, second = self._reply(rng), self._reply(rng)
            both = frozenset((first.text, second.text))
            if len(both) == 2 and both not in self._drawn:
                self._drawn.add(both)
                return first, second
        raise ValueError(
            f"there are too few different replies for another pair after {len(self._drawn)} "
            "(raise data.attributes or data.sentences, or ask for fewer pairs)"
        )

    def _reply(self, rng: random.Random) -> Reply:
        held = rng.sample(range(self.attributes), rng.randint(*self.sentences))
        held += [index for index in range(self.attributes, len(self.family.sentences)) if rng.random() < 0.5]
        rng.shuffle(held)
        text = " ".join(self.family.sentences[index] for index in held)
        return Reply(text, len(held), self.family.weights[:, :, held].sum(axis=2))


def shuffled_prompts(seed: int) -> Iterator[int]:
    """The numbers of all `PROMPTS` prompts in random order."""
    yield from random.Random(f"{seed}/prompts").sample(range(PROMPTS), PROMPTS)


def prompt_of(index: int, tone: str) -> str:
    """One of `PROMPTS` prompts, asking for a tone; nearly the same ones that differ in it would leak between splits."""
    index, occasion = divmod(index, len(OCCASIONS))
    asker, subject = divmod(index, len(SUBJECTS))
    return PROMPT.format(asker=ASKERS[asker], subject=SUBJECTS[subject], occasion=OCCASIONS[occasion], tone=TONES[tone])
