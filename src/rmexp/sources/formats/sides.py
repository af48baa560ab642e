"""Two responses a row and a label that says which of them is the better one; they keep their order."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rmexp.jsonl import describe
from rmexp.records import Preference
from rmexp.sources.rows import Outcome, Row, extras, field, row_by_row


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Which column holds what, and what the values of the label mean.

    The responses are listed as the data lists them, so that a preference for the one that stands first can be seen.

    Attributes:
        prompt: column of the text.
        first: column of the response listed first.
        second: column of the other.
        label: column that says which is better.
        first_wins: values of the label for the first.
        second_wins: values for the second.
        ties: values for neither; their target is 0.5.
        meta: further columns to keep where they are there.
    """

    prompt: str
    first: str
    second: str
    label: str
    first_wins: list[str | int]
    second_wins: list[str | int]
    ties: list[str | int]
    meta: list[str]

    def __call__(self, rows: Iterable[Row]) -> Iterator[tuple[Row, Outcome]]:
        """Make one pair of each row."""
        return row_by_row(rows, self._pair)

    def _pair(self, content: Mapping[str, Any]) -> Iterator[Preference]:
        label = field(content, self.label)
        targets = {1.0: self.first_wins, 0.0: self.second_wins, 0.5: self.ties}
        meant = [target for target, values in targets.items() if label in values]
        if not meant:
            known = ", ".join(str(value) for values in targets.values() for value in values)
            raise ValueError(f"`{self.label}` must be one of {known}, got {describe(label)}")
        kept = extras(content, [column for column in self.meta if column in content])
        yield Preference(
            field(content, self.prompt), field(content, self.first), field(content, self.second), meant[0], meta=kept
        )
