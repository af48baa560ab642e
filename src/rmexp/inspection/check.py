"""A check and its verdict."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.metrics.preferred_side import preferred_side
from rmexp.records import Candidates, Preference, Record, Scored

Array = NDArray[np.float64]
Clusters = NDArray[np.int64]  # the number of what each pair depends on
Score = Callable[[Sequence[Record]], Iterable[Scored]]
PASS, WARN, FAIL, SKIP = "pass", "warn", "fail", "skip"


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, and what came out.

    Attributes:
        name: of the check.
        verdict: `pass`, `warn` for what a person should look at, `fail` for what must not be, `skip` where it cannot
            be made.
        says: a sentence with the figures that the verdict rests on.
        figures: the same as plain data.
        rule: when the check warns or fails; see `rules`.
    """

    name: str
    verdict: str
    says: str
    figures: Mapping[str, object] = field(default_factory=dict)
    rule: str = ""


def pair_scores(score: Score, pairs: Sequence[Preference]) -> Array:
    """(N, 2) scores of the responses labelled better, and of the others."""
    values = np.array([row.numbers for row in score(pairs)], dtype=np.float64)
    better = preferred_side(np.array([pair.target for pair in pairs]))
    rows = np.arange(len(pairs))
    return np.stack([values[rows, better], values[rows, 1 - better]], axis=1)


def response_scores(score: Score, prompts: Sequence[Any], responses: Sequence[str]) -> Array:
    """(N,) scores of single responses."""
    records = [Candidates(prompt, (text,)) for prompt, text in zip(prompts, responses, strict=True)]
    return np.array([row.numbers[0] for row in score(records)], dtype=np.float64)


def better_of(pair: Preference) -> str:
    """The response labelled better."""
    return pair.responses[preferred_side(pair.target)]


def worse_of(pair: Preference) -> str:
    """The other response."""
    return pair.responses[1 - preferred_side(pair.target)]
