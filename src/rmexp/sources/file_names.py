"""The files that a configuration means: one, several, or those that match a pattern."""

import re
from collections.abc import Sequence
from glob import glob, has_magic
from pathlib import Path

PACKED = (".gz", ".xz")
TABLES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
MOST_NAMED = 3  # files that a name lists


def named_files(value: str | Sequence[str], key: str) -> list[Path]:
    """Files in the order of their names here, those of a pattern in alphabetical order.

    Args:
        value: a file, a pattern such as `shards/*.jsonl`, or a list of these.
        key: of the configuration that has it, for messages.

    Raises:
        ValueError: nothing is named, or nothing matches a pattern.
    """
    texts = [value] if isinstance(value, str) else list(value)
    if not texts:
        raise ValueError(f"expected at least one file, got an empty list (set {key})")
    return [path for text in texts for path in _matching(text, key)]


def _matching(text: str, key: str) -> list[Path]:
    if Path(text).exists() or not has_magic(text):
        return [Path(text)]
    found = sorted(path for path in map(Path, glob(text, recursive=True)) if path.is_file())
    if not found:
        raise ValueError(f"{text}: expected files that match, but there are none (set {key})")
    return found


def is_place(path: str) -> bool:
    """Whether a path that leads to nothing was meant for one here, and for no id on the hub.

    `org/name@main` is an id even where there is a folder `org`.

    >>> is_place("runs/mine"), is_place("./mine"), is_place("org/name"), is_place("org/name/model")
    (True, True, False, True)
    """
    first, slash, _ = path.partition("/")
    here = slash and "@" not in path and Path(first).is_dir()
    return bool(here) or path.startswith((".", "/", "~", "runs/")) or path.count("/") > 1


def name_of_files(value: str | Sequence[str]) -> str:
    """What files or a repository are called, for tables and folders; empty where none are named.

    >>> name_of_files("data/pairs.jsonl.gz"), name_of_files("org/hh-rlhf"), name_of_files("shards/*.jsonl")
    ('pairs', 'hh-rlhf', 'shards')
    >>> name_of_files(["a.csv", "b.csv"]), name_of_files("part-*.csv")
    ('a+b', 'part')
    """
    if value == "???":
        return ""
    names = list(dict.fromkeys(_name(text) for text in ([value] if isinstance(value, str) else value)))
    return "+".join(names if len(names) <= MOST_NAMED else [names[0], f"{len(names) - 1} more"])


def _name(text: str) -> str:
    path = Path(text)
    name = path.name
    for suffix in (*PACKED, *TABLES):
        name = name.removesuffix(suffix)
    if has_magic(name):
        name = re.sub(r"\*|\?|\[.*?\]", "", name).strip("-_. ")
        return name or _name(str(path.parent))
    return name
