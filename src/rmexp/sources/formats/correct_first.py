"""A prompt with one or more correct responses and several wrong ones, as a list whose worth is known.

Source: Malik et al. 2025, "RewardBench 2: advancing reward model evaluation".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from rmexp.jsonl import JsonObject, describe
from rmexp.records import Candidates
from rmexp.sources.rows import Outcome, Row, extras, field, row_by_row


@dataclass(frozen=True, kw_only=True)
class CorrectFirst:
    """The columns `id`, `prompt`, `chosen`, `rejected`, `subset` of RewardBench 2; gold is 1 for correct, else 0.

    Attributes:
        meta: further columns to keep; `id` and `subset` are kept anyway.
    """

    meta: list[str]

    by_row: ClassVar[bool] = True

    def __call__(self, rows: Iterable[Row]) -> Iterator[tuple[Row, Outcome]]:
        """Make one list of each row, the correct responses first."""
        return row_by_row(rows, self._list)

    def _list(self, content: JsonObject) -> Iterator[Outcome]:
        sides = [field(content, column) for column in ("chosen", "rejected")]
        for column, value in zip(("chosen", "rejected"), sides, strict=True):
            if not isinstance(value, list | tuple) or not value:
                raise ValueError(f"`{column}` must be a list of at least one text, got {describe(value)}")
        kept = extras(content, ["id", "subset", *self.meta])
        gold = (1.0,) * len(sides[0]) + (0.0,) * len(sides[1])
        name = f"{kept['subset']}/{kept['id']}"
        yield Candidates(field(content, "prompt"), (*sides[0], *sides[1]), gold, id=name, meta=kept)
