"""Which of several formats the first rows of a file are in."""

from collections.abc import Iterable, Sequence

from rmexp.sources.rows import Format, Row

ROWS = 20  # that are looked at
_STEPS = (("completions", "labels"), ("steps", "labels"), ("steps", "ratings"))


def first_rows(rows: Iterable[Row]) -> list[Row]:
    """The first rows that can be read."""
    found: list[Row] = []
    for row in rows:
        if row.error is None:
            found.append(row)
        if len(found) == ROWS:
            break
    return found


def recognised(rows: Sequence[Row], formats: Iterable[tuple[str, Format]]) -> str | None:
    """The name of the first format that reads all rows, else of the one that reads most, of more than half.

    Args:
        rows: to look at, as they stand in the file.
        formats: with their names, in the order in which they are tried.
    """
    if not rows:
        return None
    bad = {}
    for name, form in formats:
        bad[name] = _unread(rows, form)
        if not bad[name]:
            return name
    best = min(bad, key=bad.__getitem__, default=None)
    return best if best is not None and bad[best] < len(rows) / 2 else None


def has_steps(rows: Sequence[Row]) -> bool:
    """Whether rows hold the steps of an answer with a label for each, as data for process reward models do."""
    return bool(rows) and all(
        any(all(isinstance(row.content.get(column), list) for column in columns) for columns in _STEPS) for row in rows
    )


def _unread(rows: Sequence[Row], form: Format) -> int:
    """How many rows a format cannot read."""
    return len({row.number for row, outcome in form(rows) if isinstance(outcome, ValueError)})
