"""Help as lines of a page: what is said of a name stands beside it, and nothing is wider than the terminal."""

import pydoc
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence

_WIDEST, _NARROWEST = 100, 50


def width() -> int:
    """Columns of a page: those of the terminal, no more than are read with ease."""
    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((80, 24)).columns))


def beside(rows: Sequence[tuple[str, str]], longest: int) -> Iterator[str]:
    """Names with what is said of each beside it; a name that is longer than `longest` stands on a line by itself.

    Args:
        rows: names and texts.
        longest: columns of the names.
    """
    column = min(longest, max((len(name) for name, _ in rows), default=0)) + 4
    for name, text in rows:
        lines = textwrap.wrap(text, width() - column, break_long_words=False, break_on_hyphens=False)
        if len(name) > column - 4:
            yield f"  {name}"
        elif lines:
            yield f"  {name:{column - 2}}{lines.pop(0)}"
        else:
            yield f"  {name}"
        yield from (f"{'':{column}}{line}" for line in lines)


def paragraph(text: str, indent: str = "") -> list[str]:
    """A text in lines."""
    return textwrap.wrap(text, width(), initial_indent=indent, subsequent_indent=indent, break_long_words=False)


def show(text: str) -> None:
    """Print a page; on a terminal that is too low for it, through the user's pager."""
    if sys.stdout.isatty() and text.count("\n") + 2 > shutil.get_terminal_size((80, 24)).lines:
        pydoc.pager(text)
    else:
        print(text)
