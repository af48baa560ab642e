"""A prompt with right and wrong responses in the same styles: every right one against every wrong one.

Source: Liu et al. 2024, "RM-Bench: benchmarking reward models of language models with subtlety and style".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from rmexp.jsonl import JsonObject, describe
from rmexp.ranges import check_ranges
from rmexp.records import Preference
from rmexp.sources.rows import Outcome, Row, extras, field, row_by_row


@dataclass(frozen=True, kw_only=True)
class StyleMatrix:
    """The columns `prompt`, `chosen`, `rejected`, `id` of RM-Bench: lists of one response a style, the plainest first.

    Each pair has `meta.row`, and `meta.chosen_style` and `meta.rejected_style`, both from 0.

    Attributes:
        styles: number of styles, at least 1.
        meta: further columns to keep.
    """

    styles: Annotated[int, "at least 1"]
    meta: list[str]

    by_row: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_ranges(self, "data.format")

    def __call__(self, rows: Iterable[Row]) -> Iterator[tuple[Row, Outcome]]:
        """Make styles x styles pairs of each row; one that cannot be used is an error, the others stay."""
        return row_by_row(rows, self._pairs)

    def _pairs(self, content: JsonObject) -> Iterator[Outcome]:
        chosen, rejected = (self._listed(content, column) for column in ("chosen", "rejected"))
        row, kept = str(field(content, "id")), extras(content, self.meta)
        for i, better in enumerate(chosen):
            for j, worse in enumerate(rejected):
                meta = {**kept, "row": row, "chosen_style": i, "rejected_style": j}
                try:
                    yield Preference(field(content, "prompt"), better, worse, id=f"{row}/{i}/{j}", meta=meta)
                except ValueError as error:
                    yield error

    def _listed(self, content: JsonObject, column: str) -> list[Any]:
        value = field(content, column)
        if not isinstance(value, list | tuple) or len(value) != self.styles:
            raise ValueError(f"`{column}` must be a list of {self.styles} texts, got {describe(value)}")
        return list(value)
