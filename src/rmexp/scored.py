"""The scores of a record, and what the scorer was trained on."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Self

from rmexp.checked_fields import required
from rmexp.jsonl import JsonObject

# What a scorer's model knows of a record: two of its responses were a pair of the training, or of the validation; its
# prompt was one of the training; or none of it.
PAIR, VALIDATION, PROMPT, NO = "pair", "validation", "prompt", "no"
MARKS = (PAIR, VALIDATION, PROMPT, NO)


@dataclass(frozen=True, slots=True)
class Scored:
    """The scores of one record's responses, in the record's order.

    Attributes:
        id: the record's id.
        scores: one finite number a response; None for one that was not scored.
        tokens: length of each scored sequence, prompt and response together; 0 for one that was not scored.
        truncated: whether anything was cut from that sequence to fit the limit.
        trained_on: one of `MARKS`; None where nobody knows what the scorer was trained on.
    """

    id: str
    scores: tuple[float | None, ...]
    tokens: tuple[int, ...]
    truncated: tuple[bool, ...]
    trained_on: str | None = None

    def __post_init__(self) -> None:
        if not len(self.scores) == len(self.tokens) == len(self.truncated):
            raise ValueError(f"record {self.id}: scores, tokens and truncated must have the same length")
        for score in self.scores:
            if score is not None and not math.isfinite(score):
                raise ValueError(f"record {self.id}: a score must be finite, got {score}")
        if self.trained_on not in (None, *MARKS):
            raise ValueError(f"record {self.id}: trained_on must be one of {', '.join(MARKS)}, got {self.trained_on}")

    def of(self, indices: Sequence[int]) -> Self:
        """The same with some of its responses."""
        return replace(
            self,
            scores=tuple(self.scores[index] for index in indices),
            tokens=tuple(self.tokens[index] for index in indices),
            truncated=tuple(self.truncated[index] for index in indices),
        )

    @property
    def unscored(self) -> int:
        """Responses without a score."""
        return self.scores.count(None)

    @property
    def numbers(self) -> tuple[float, ...]:
        """The scores, where every response has one.

        Raises:
            ValueError: one has none.
        """
        if self.unscored:
            raise ValueError(
                f"record {self.id}: expected a score of every response, but {self.unscored} of {len(self.scores)} were "
                "too long to be scored (set data.max_tokens, or data.truncation=cut_prompt)"
            )
        return tuple(score for score in self.scores if score is not None)

    def to_row(self) -> dict[str, Any]:
        """The JSON object of one line of a scored file."""
        return {
            "id": self.id,
            "scores": list(self.scores),
            "tokens": list(self.tokens),
            "truncated": list(self.truncated),
            **({} if self.trained_on is None else {"trained_on": self.trained_on}),
        }

    @classmethod
    def from_row(cls, row: JsonObject) -> Self:
        """Make a record of a line of a scored file."""
        scores, tokens, truncated = (tuple(required(row, name)) for name in ("scores", "tokens", "truncated"))
        return cls(str(required(row, "id")), scores, tokens, truncated, row.get("trained_on"))


@dataclass(slots=True)
class ResponseCounts:
    """How many responses there are, and what became of them.

    Attributes:
        records: that they belong to.
        responses: of these.
        truncated: those that were cut to fit the limit.
        unscored: those without a score.
    """

    records: int = 0
    responses: int = 0
    truncated: int = 0
    unscored: int = 0

    def counting(self, rows: Iterable[Scored]) -> Iterator[Scored]:
        """The rows as they are, each counted as it passes."""
        for row in rows:
            self.records += 1
            self.responses += len(row.scores)
            self.truncated += sum(row.truncated)
            self.unscored += row.unscored
            yield row


def counts_of(*sets: Iterable[Scored]) -> ResponseCounts:
    """The counts of all rows of some sets together."""
    counts = ResponseCounts()
    for _ in counts.counting(chain.from_iterable(sets)):
        pass
    return counts


def strongest(marks: Iterable[str | None]) -> str | None:
    """What several scorers know of a record together; None where it is unseen by some and the others say nothing.

    >>> strongest(["no", "pair", None]), strongest(["no", None]), strongest(["no", "no"])
    ('pair', None, 'no')
    """
    found = list(marks)
    seen = next((mark for mark in MARKS if mark in found and mark != NO), None)
    return seen if seen is not None or None in found or not found else NO
