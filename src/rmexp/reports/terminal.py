"""What a command leaves on the terminal: a short table, never markup that data could have brought."""

from collections.abc import Sequence


def show_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print aligned columns, the first to the left, the others to the right; one that is empty in every row is not."""
    table = [header, *rows] if any(header) else list(rows)
    shown = [column for column in range(len(header)) if not rows or any(row[column] for row in rows)]
    table = [[row[column] for column in shown] for row in table]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("   ".join(cells).rstrip())


def percent(share: float | None) -> str:
    """A share as per cent with one digit; a dash where it is not defined."""
    return "-" if share is None else f"{100 * share:.1f} %"


def number(value: float | None) -> str:
    """A figure with four digits after the point; a dash where it is not defined."""
    return "-" if value is None else f"{value:.4f}"


def interval(low: float | None, high: float | None) -> str:
    """A confidence interval of a share, in per cent."""
    return "" if low is None or high is None else f"[{100 * low:.1f}, {100 * high:.1f}]"
