"""Candidate lists as rmexp itself writes them, `{"prompt", "responses", "gold"?}`, each a ranking of its responses."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from rmexp.jsonl import JsonObject
from rmexp.records import Candidates
from rmexp.sources.formats.likely_layout import numbers_beside, vote_beside
from rmexp.sources.formats.one_response import with_responses
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
        content = with_responses(content) if "responses" in content else content
        record = Candidates.from_row(content)
        if record.gold is None:
            _check_in_order(content)
        scores = record.gold or tuple(-float(index) for index in range(len(record.responses)))
        listed = [Candidate(text, score, None) for text, score in zip(record.responses, scores, strict=True)]
        return self.pairing.of(record.prompt, listed, record.meta)


def _check_in_order(content: JsonObject) -> None:
    """Refuse a list whose order may not be the rank, as another column seems to say what is.

    Raises:
        ValueError: there is such a column; the message has the overrides that read it.
    """
    numbers, vote = numbers_beside(content, "responses"), vote_beside(content, "responses")
    if numbers or vote:
        read = numbers or (vote if len(content["responses"]) == 2 else ["another data/format"])
        raise ValueError(
            f"`responses` would be ranked as they stand, but another column seems to say which one is better (set "
            f"{' '.join(read)}; or data/format=scored_responses data.format.score=null where the first one is the best)"
        )
