"""What a command leaves on the terminal: a short table, never markup that data could have brought."""

import shutil
import sys
from collections.abc import Sequence


def show_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print aligned columns, the first to the left, the others to the right; one that is empty in every row is not.

    On a terminal that is too narrow for them, each row is a few lines.
    """
    lines = _aligned(header, rows)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    if width is not None and max(map(len, lines), default=0) > width:
        lines = _stacked(header, rows, width)
    for line in lines:
        print(line)


def wrapped(words: Sequence[str], between: str, width: int) -> list[str]:
    """Words in lines that are as full as they can be; a word that is longer than a line stands alone.

    >>> wrapped(["loss 0.5", "accuracy 80.0 %", "lr 0.1"], "   ", 26)
    ['loss 0.5   accuracy 80.0 %', 'lr 0.1']
    """
    found: list[str] = []
    for word in words:
        if found and len(found[-1]) + len(between) + len(word) <= width:
            found[-1] += between + word
        else:
            found.append(word)
    return found


def _stacked(header: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Each row as its first cell with the others below it, each behind the name of its column."""
    lines = [header[0]] if header[0] else []
    for row in rows:
        told = [f"{name} {cell}".strip() for name, cell in zip(header[1:], row[1:], strict=True) if cell]
        lines += [row[0], *(f"  {line}" for line in wrapped(told, "   ", width - 2))]
    return lines


def _aligned(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    table = [header, *rows] if any(header) else list(rows)
    shown = [column for column in range(len(header)) if not rows or any(row[column] for row in rows)]
    table = [[row[column] for column in shown] for row in table]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = []
    for row in table:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("   ".join(cells).rstrip())
    return lines


def percent(share: float | None) -> str:
    """A share as per cent with one digit; a dash where it is not defined."""
    return "-" if share is None else f"{100 * share:.1f} %"


def number(value: float | None) -> str:
    """A figure with four digits after the point; a dash where it is not defined."""
    return "-" if value is None else f"{value:.4f}"


def interval(low: float | None, high: float | None) -> str:
    """A confidence interval of a share, in per cent."""
    return "" if low is None or high is None else f"[{100 * low:.1f}, {100 * high:.1f}]"


def share_interval(
    low: float | None, high: float | None, *, few: bool | None = False, ties: float | None = None
) -> str:
    """The same, with what it lacks: `few` on the rarer side, no two that are independent, or nothing but ties.

    Args:
        low: lower end.
        high: upper end.
        few: whether the interval is a rough one; of a share of nothing False.
        ties: share of the pairs with equal scores.

    >>> share_interval(None, None, ties=1.0), share_interval(None, None, few=True)
    ('ties alone', 'no interval')
    """
    if ties == 1:
        return "ties alone"
    if low is None or high is None:
        return "no interval" if few else ""
    return interval(low, high) + (" few" if few else "")
