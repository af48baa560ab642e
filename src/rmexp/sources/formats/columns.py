"""One pair a row, each of its fields in a column of its own."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rmexp.records import Preference
from rmexp.sources.rows import Outcome, Row, as_number, extras, field, plain, row_by_row

OTHERS = "*"


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which column holds which field; a dotted path such as `meta.topic` reaches into an object.

    The columns of `target`, `margin`, `id` and `meta` may be missing or null where they have the name of their field;
    one that is named otherwise must be there.

    Attributes:
        prompt: text, or a list of messages.
        chosen: the better response.
        rejected: the other one.
        target: probability that `chosen` is the better one; a number instead of a column holds for every row.
        margin: how much better it is.
        id: of the pair.
        meta: column with an object, a list of columns, or `*` for all columns not named here.
    """

    prompt: str
    chosen: str
    rejected: str
    target: str | float | None
    margin: str | None
    id: str | None
    meta: str | list[str] | None

    def __call__(self, rows: Iterable[Row]) -> Iterator[tuple[Row, Outcome]]:
        """Make one pair of each row."""
        return row_by_row(rows, self._pair)

    def _pair(self, content: Mapping[str, Any]) -> Iterator[Preference]:
        row = {name: self._required(content, name) for name in ("prompt", "chosen", "rejected")}
        for name in ("target", "margin", "id"):
            value = self._optional(content, name, getattr(self, name))
            if value not in (None, ""):
                row[name] = value if name == "id" else as_number(value)
        row["meta"] = self._meta(content)
        yield Preference.from_row(row)

    def _required(self, content: Mapping[str, Any], name: str) -> Any:
        column = getattr(self, name)
        try:
            value = field(content, column)
        except ValueError as error:
            raise ValueError(f"{error}; set data.format.{name}") from error
        if name != "prompt" and isinstance(value, list):
            raise ValueError(f"`{column}` must be a non-empty string, got a list; data/format=messages reads messages")
        return value

    def _optional(self, content: Mapping[str, Any], name: str, column: str | float | None) -> Any:
        if not isinstance(column, str):
            return column
        if column == name and column not in content:
            return None
        return field(content, column)

    def _meta(self, content: Mapping[str, Any]) -> Any:
        if isinstance(self.meta, list):
            return extras(content, self.meta)
        if self.meta != OTHERS:
            meta = self._optional(content, "meta", self.meta)
            return {} if meta is None else plain(meta)
        named = {getattr(self, name) for name in ("prompt", "chosen", "rejected", "target", "margin", "id")}
        rest = {column: plain(value) for column, value in content.items() if column not in named}
        inner = rest.pop("meta", None)
        return rest | (inner if isinstance(inner, dict) else {} if inner is None else {"meta": inner})
