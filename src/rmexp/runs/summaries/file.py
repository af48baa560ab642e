"""The one reader and writer of summary.json."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar

from rmexp.durable import write_json
from rmexp.left_files import read_json
from rmexp.runs.rows import Row, record_of, to_row

SUMMARY = "summary.json"

_TOLD_BY = {  # keys that only the summaries of a verb have, for those that do not name theirs
    "train": "account",
    "compare": "headline",
    "evaluate": "comparisons",
    "score": "files",
    "best-of-n": "points",
    "filter": "rules",
    "inspect": "verdicts",
    "profile": "best_baseline",
    "export": "parity",
}


class Summary(Protocol):
    """A frozen dataclass of the figures that a verb leaves."""

    verb: ClassVar[str]


T = TypeVar("T", bound=Summary)


def write_summary(folder: Path, summary: Summary) -> None:
    """Write the final figures of a run: the last thing that it does."""
    write_json(folder / SUMMARY, {"verb": summary.verb, **to_row(summary), "status": "finished"})


def read_summary(folder: Path, kind: type[T]) -> T | None:
    """The final figures of a run; None where it has not finished, or is another verb's."""
    row = summary_row(folder)
    return None if row is None or verb_of(row) != kind.verb else record_of(kind, row, folder / SUMMARY)


def summary_row(folder: Path) -> Row | None:
    """The final figures of a run of any verb, as they lie in the file; None where it has not finished."""
    path = folder / SUMMARY
    if not path.is_file():
        return None
    return read_json(path)


def verb_of(row: Mapping[str, object]) -> str | None:
    """Which verb left a summary; older ones do not say it, and are told by their keys. None for one of nobody.

    >>> verb_of({"verb": "train"}), verb_of({"account": {}}), verb_of({"headline": "unseen"})
    ('train', 'train', 'compare')
    """
    named = row.get("verb")
    return str(named) if named is not None else next((verb for verb, key in _TOLD_BY.items() if key in row), None)
