"""The preference formats of TRL, where two texts without a prompt begin with it.

Source: the documentation of TRL, "Dataset formats and types".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from rmexp.sources.formats.columns import Columns
from rmexp.sources.rows import Outcome, Row


@dataclass(frozen=True, kw_only=True)
class Messages:
    """Columns of chosen and rejected, each a text or a list of messages.

    Attributes:
        prompt: column of the prompt; a row without it has an implicit one, which is what both sides begin with.
        chosen: the better response, or a dialogue that ends with it.
        rejected: the other one.
        meta: further columns to keep.
    """

    prompt: str | None
    chosen: str
    rejected: str
    meta: list[str]

    by_row: ClassVar[bool] = True

    def __call__(self, rows: Iterable[Row]) -> Iterator[tuple[Row, Outcome]]:
        """Make one pair of each row."""
        columns = Columns(
            prompt=self.prompt,
            input=None,
            system=None,
            history=None,
            chosen=self.chosen,
            rejected=self.rejected,
            implicit=True,
            target=None,
            margin=None,
            id=None,
            meta=self.meta,
            tools="tools",
            chat_template_kwargs="chat_template_kwargs",
        )
        return columns(rows)
