"""Candidate lists as rmexp itself writes them, `{"prompt", "responses", "gold"?}`, each a ranking of its responses."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from rmexp.jsonl import JsonObject
from rmexp.records import Candidates
from rmexp.sources.formats.likely_layout import numbers_beside
from rmexp.sources.formats.pairing import Candidate, Pairing
from rmexp.sources.rows import Outcome, Row, row_by_row


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """The better one is the one with more `gold`, or where a list has none, the one that stands first.

    Attributes:
        pairing: which pairs are made.
    """

    pairing: Pairing

    by_row: ClassVar[bool] = True

    def __call__(self, rows: Iterable[Row]) -> Iterator[tuple[Row, Outcome]]:
        """Make pairs of each row."""
        return row_by_row(rows, self._pairs)

    def _pairs(self, content: JsonObject) -> Iterator[Outcome]:
        record = Candidates.from_row(content)
        if record.gold is None and (read := numbers_beside(content, "responses")):
            raise ValueError(
                f"`responses` would be ranked as they stand, but another column has a number for each (set "
                f"{' '.join(read)}; with data.format.score=null the first one is the best)"
            )
        scores = record.gold or tuple(-float(index) for index in range(len(record.responses)))
        listed = [Candidate(text, score, None) for text, score in zip(record.responses, scores, strict=True)]
        return self.pairing.of(record.prompt, listed, record.meta)
