"""Two transcripts of one dialogue that differ in the assistant's last turn.

Source: Bai et al. 2022, "Training a helpful and harmless assistant with reinforcement learning from human feedback";
the data set Anthropic/hh-rlhf.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from rmexp.jsonl import JsonObject, describe
from rmexp.records import Message, Preference
from rmexp.sources.formats.transcript import turns
from rmexp.sources.rows import Outcome, Row, extras, field, row_by_row


@dataclass(frozen=True, kw_only=True)
class HhRlhf:
    """Columns of the transcripts; the prompt becomes messages.

    Attributes:
        prompt: column with what both begin with, where the others hold the rest alone; None where each is whole.
        chosen: transcript with the better last turn.
        rejected: transcript with the other one.
        meta: further columns to keep.
    """

    prompt: str | None
    chosen: str
    rejected: str
    meta: list[str]

    by_row: ClassVar[bool] = True

    def __call__(self, rows: Iterable[Row]) -> Iterator[tuple[Row, Outcome]]:
        """Make one pair of each row; transcripts that differ before the last turn are an error."""
        return row_by_row(rows, self._pair)

    def _pair(self, content: JsonObject) -> Iterator[Preference]:
        (prompt, chosen), (other, rejected) = (self._split(content, side) for side in (self.chosen, self.rejected))
        if prompt != other:
            raise ValueError(
                f"`{self.chosen}` and `{self.rejected}` must differ in the assistant's last turn only, "
                f"got {len(prompt)} and {len(other)} turns before it that are not the same"
            )
        yield Preference(prompt, chosen, rejected, meta=extras(content, self.meta))

    def _split(self, content: JsonObject, column: str) -> tuple[tuple[Message, ...], str]:
        text = field(content, column)
        before = "" if self.prompt is None else field(content, self.prompt)
        if not isinstance(text, str) or not isinstance(before, str):
            raise ValueError(f"`{column}` must be a transcript, got {describe(text)} after {describe(before)}")
        try:
            *prompt, last = turns(before + text)
        except ValueError as error:
            raise ValueError(f"`{column}`: {error}") from error
        if last.role != "assistant" or not prompt:
            raise ValueError(
                f"`{column}` must end with a turn of the assistant after one of the human's, got {last.role}"
            )
        return tuple(prompt), last.content
