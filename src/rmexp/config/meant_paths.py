"""A file, a folder or a hub id in the place of an option's name, and the option that reads it."""

from pathlib import Path

from rmexp.sources.file_names import PACKED, TABLES

_READERS = {"data": ("jsonl", "hub"), "model": ("hub", "hub"), "scorer": ("scored_file", "explicit")}  # of a file, else


def reader_of(group: str, value: object) -> str | None:
    """The option of a group that reads what a value names; None where it names no file, no folder and no hub id.

    >>> reader_of("data", "pairs.jsonl.gz"), reader_of("model", "org/name"), reader_of("data", "jsnol")
    ('jsonl', 'hub', None)
    """
    if group not in _READERS or not isinstance(value, str):
        return None
    of_file, of_others = _READERS[group]
    if value.endswith((*TABLES, *PACKED)) or Path(value).is_file():
        return of_file
    return of_others if "/" in value or Path(value).exists() else None
