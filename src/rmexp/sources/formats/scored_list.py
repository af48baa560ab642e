"""One scored response a row; the rows of one prompt are paired.

Source: Wang et al. 2024, "HelpSteer2: open-source dataset for training top-performing reward models".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rmexp.checked_fields import check_text
from rmexp.dialogue import Dialogue
from rmexp.jsonl import describe
from rmexp.records import Prompt, prompt_json
from rmexp.sources.formats.pairing import Candidate, Pairing
from rmexp.sources.formats.ratings import score_of
from rmexp.sources.formats.transcript import marked_prompt
from rmexp.sources.formats.two_sides import prompt_value, response_value
from rmexp.sources.rows import Outcome, Row, extras, field


@dataclass(frozen=True, kw_only=True)
class ScoredList:
    """Columns of prompt, response and score; rows with the same prompt belong together, wherever they stand.

    Attributes:
        prompt: column of a text or messages.
        turn_marker: what stands before `User` or `Assistant` where a further turn of a dialogue begins in the prompt;
            such prompts become messages. None where every prompt is one text.
        response: column of the response, a text or messages.
        score: column of a number, or of true and false, or several that are averaged.
        name: column of what wrote it; None where nothing says so.
        meta: further columns to keep, of the prompt's first row.
        pairing: which pairs are made.
    """

    prompt: str
    turn_marker: str | None
    response: str
    score: str | list[str]
    name: str | None
    meta: list[str]
    pairing: Pairing

    def __call__(self, rows: Iterable[Row]) -> Iterator[tuple[Row, Outcome]]:
        """Make pairs of all rows of each prompt, in the order of the prompts' first rows."""
        groups: dict[Prompt, tuple[Row, dict[str, Any], list[Candidate]]] = {}
        for row in rows:
            try:
                prompt, candidate = self._read(row)
                if prompt not in groups:
                    place = Row(row.path, row.number, {self.prompt: prompt_json(prompt)}, row.unit)
                    groups[prompt] = (place, extras(row.content, self.meta), [])
                groups[prompt][2].append(candidate)
            except ValueError as error:
                yield row, error
        for prompt, (place, meta, candidates) in groups.items():
            for outcome in self.pairing.of(prompt, candidates, meta):
                yield place, outcome

    def _read(self, row: Row) -> tuple[Prompt, Candidate]:
        prompt = prompt_value(field(row.content, self.prompt), self.prompt)
        if isinstance(prompt, str) and self.turn_marker is not None:
            prompt = marked_prompt(prompt, self.turn_marker)
        if not isinstance(prompt, str | tuple | Dialogue):
            raise ValueError(f"`{self.prompt}` must be a string or a list of messages, got {describe(prompt)}")
        name = None if self.name is None else str(field(row.content, self.name))
        text = response_value(field(row.content, self.response), self.response)
        check_text(self.response, text)
        return prompt, Candidate(text, score_of(row.content, self.score), name)
