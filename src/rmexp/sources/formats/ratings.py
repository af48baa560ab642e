"""One prompt a row with a list of responses, each with ratings or a rank.

Source: Cui et al. 2023, "UltraFeedback: boosting language models with scaled AI feedback"; Zhu et al. 2023,
"Starling-7B" (Nectar, lists of ranked responses).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any, ClassVar

from rmexp.checked_fields import check_text
from rmexp.dialogue import Dialogue
from rmexp.jsonl import JsonObject, describe
from rmexp.sources.formats.pairing import Candidate, Pairing
from rmexp.sources.formats.transcript import prompt_of
from rmexp.sources.formats.two_sides import prompt_value, response_value
from rmexp.sources.formats.written_lists import as_list
from rmexp.sources.rows import Outcome, Row, extras, field, number_or_flag, row_by_row


@dataclass(frozen=True, kw_only=True)
class Ratings:
    """Where prompt, responses and scores stand; every part of a response is a path inside its object.

    Attributes:
        prompt: column of the text.
        transcript: whether that is a dialogue of `Human:` and `Assistant:` turns, which become messages.
        responses: column of the list.
        response: text of one; None where the list holds texts.
        score: of one, or several that are averaged; where the list holds texts, a column with a number for each, or
            several such columns. None where the order of the list is the rank, the best one first.
        lowest_is_best: whether the score is a rank.
        name: what wrote it; None where nothing says so.
        meta: further columns to keep.
        pairing: which pairs are made.
    """

    prompt: str
    transcript: bool
    responses: str
    response: str | None
    score: str | list[str] | None
    lowest_is_best: bool
    name: str | None
    meta: list[str]
    pairing: Pairing

    by_row: ClassVar[bool] = True

    def __call__(self, rows: Iterable[Row]) -> Iterator[tuple[Row, Outcome]]:
        """Make pairs of each row; a response that cannot be used is an error, the others are still paired."""
        return row_by_row(rows, self._pairs)

    def _pairs(self, content: JsonObject) -> Iterator[Outcome]:
        prompt = prompt_value(field(content, self.prompt), self.prompt)
        listed = as_list(field(content, self.responses))
        if not isinstance(listed, list):
            raise ValueError(f"`{self.responses}` must be a list, got {describe(listed)}")
        if not isinstance(prompt, str | tuple | Dialogue) or (self.transcript and not isinstance(prompt, str)):
            raise ValueError(f"`{self.prompt}` must be a string, got {describe(prompt)}")
        items, candidates = self._items(content, listed), []
        for index, item in enumerate(items):
            try:
                candidates.append(self._candidate(item, index))
            except ValueError as error:
                yield type(error)(f"{self.responses}[{index}]: {error}")
        if len(candidates) > 1 or len(candidates) == len(listed):
            messages = prompt_of(prompt) if self.transcript else prompt
            yield from self.pairing.of(messages, candidates, extras(content, self.meta))

    def _items(self, content: JsonObject, listed: list[Any]) -> list[Any]:
        """The responses as objects: a text with its numbers of the columns beside the list."""
        if self.response is not None:
            return listed
        columns = [] if self.score is None else [self.score] if isinstance(self.score, str) else self.score
        beside = {column: as_list(field(content, column)) for column in columns}
        for column, values in beside.items():
            if not isinstance(values, list) or len(values) != len(listed):
                came = f"{len(values)}" if isinstance(values, list) else describe(values)
                raise ValueError(
                    f"`{column}` must be a list of {len(listed)} numbers, one for each of `{self.responses}`, got "
                    f"{came} (set data.format.score)"
                )
        return [
            {"response": item, **{column: values[index] for column, values in beside.items()}}
            for index, item in enumerate(listed)
        ]

    def _candidate(self, item: Any, index: int) -> Candidate:
        if not isinstance(item, Mapping):
            item = {}
        text = response_value(field(item, self.response or "response"), self.response or "response")
        check_text(self.response or "response", text)
        score = float(-index) if self.score is None else score_of(item, self.score)
        name = None if self.name is None else str(field(item, self.name))
        return Candidate(text, -score if self.lowest_is_best else score, name)


def score_of(content: JsonObject, columns: str | list[str]) -> float:
    """The score in a column, or the mean over several.

    Raises:
        ValueError: one is missing or no number.
    """
    return fmean(number_or_flag(content, column) for column in ([columns] if isinstance(columns, str) else columns))
