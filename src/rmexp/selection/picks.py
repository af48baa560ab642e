"""Which candidate of each prompt is picked: the best by score, one at random, and the truly best."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmexp.records import Candidates, Prompt, Scored, prompt_json


@dataclass(frozen=True, slots=True)
class Choice:
    """One candidate.

    Attributes:
        index: among the candidates of its prompt.
        response: its text.
        score: by the scorer.
        gold: its true reward; None where nobody knows it.
    """

    index: int
    response: str
    score: float
    gold: float | None


@dataclass(frozen=True, slots=True)
class Pick:
    """What is picked of the candidates of one prompt.

    Attributes:
        id: of the candidates.
        prompt: of theirs.
        candidates: how many there are.
        best: the one that scores highest, by lot where several do.
        random: one by lot.
        oracle: the truly best one; None without gold.
        trained_on: what the scorer's model knows of them, of `rmexp.records.MARKS`; None where nothing is known.
    """

    id: str
    prompt: Prompt
    candidates: int
    best: Choice
    random: Choice
    oracle: Choice | None
    trained_on: str | None = None

    def to_row(self) -> dict[str, Any]:
        """For picks.jsonl; `prompt` and `response` make it a demonstration."""
        return {
            "id": self.id,
            "prompt": prompt_json(self.prompt),
            **asdict(self.best),
            "candidates": self.candidates,
            "random": asdict(self.random),
            "oracle": self.oracle and asdict(self.oracle),
            **({} if self.trained_on is None else {"trained_on": self.trained_on}),
        }


def pick(record: Candidates, scored: Scored, seed: int) -> Pick:
    """Pick of one record; lots are drawn by seed and id.

    Scores are compared in float32, as everywhere.
    """
    rng = np.random.default_rng([seed, int.from_bytes(hashlib.sha256(record.id.encode()).digest()[:8], "big")])
    lots, scores = rng.random(len(record.responses)), scored.numbers

    def choice(index: int) -> Choice:
        gold = None if record.gold is None else float(record.gold[index])
        return Choice(index, record.responses[index], scores[index], gold)

    return Pick(
        record.id,
        record.prompt,
        len(record.responses),
        best=choice(_highest(scores, lots)),
        random=choice(int(rng.integers(len(lots)))),
        oracle=None if record.gold is None else choice(_highest(record.gold, lots)),
        trained_on=scored.trained_on,
    )


def picks(records: Sequence[Candidates], scored: Sequence[Scored], seed: int) -> list[Pick]:
    """Picks of all records, in their order."""
    return [pick(record, row, seed) for record, row in zip(records, scored, strict=True)]


def _highest(scores: ArrayLike, lots: NDArray[np.float64]) -> int:
    values = np.asarray(scores, dtype=np.float32)
    return int(np.where(values == values.max(), lots, -1.0).argmax())
