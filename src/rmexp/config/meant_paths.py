"""A path, a hub id or an option's name where something else was expected, and the overrides that are meant."""

import re
import shlex
from pathlib import Path

from rmexp.config.tree import conf_folder, options_of
from rmexp.sources.file_names import PACKED, TABLES

_SCORE = ("evaluate", "score", "inspect", "filter", "best-of-n")  # verbs that ask a model
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


def chosen_by(group: str, value: str) -> list[tuple[str, str]]:
    """The choice of a group that a value stands for, with the path that goes with it.

    >>> chosen_by("data", "pairs.jsonl"), chosen_by("data", "synthetic")
    ([('data', 'jsonl'), ('data.path', 'pairs.jsonl')], [('data', 'synthetic')])
    >>> chosen_by("model", "gpt2")
    [('model', 'hub'), ('model.path', 'gpt2')]
    """
    own = not value or value in options_of(group)
    reader = None if own else reader_of(group, value) or ("hub" if group == "model" else None)
    return [(group, value)] if reader is None else [(group, reader), (f"{group}.path", value)]


def meant_by(verb: str, word: str) -> list[list[tuple[str, str]]]:
    """What a bare word may stand for on the command line of a verb: each with its keys and their values.

    Args:
        verb: of the command line.
        word: without `=`.

    >>> meant_by("evaluate", "runs/first"), meant_by("profile", "pairs.jsonl")
    ([[('scorer.path', 'runs/first')]], [[('data', 'jsonl'), ('data.path', 'pairs.jsonl')]])
    >>> meant_by("train", "dpo")
    [[('loss', 'dpo')], [('task', 'dpo')]]
    """
    groups = sorted(folder.name for folder in conf_folder().iterdir() if word in options_of(folder.name))
    reader = None if groups else reader_of("data", word)
    if reader == "jsonl":
        return [[("data", reader), ("data.path", word)]]
    return [[("scorer.path", word)]] if reader and verb in _SCORE else [[(group, word)] for group in groups]


def typed(key: str, value: str) -> str:
    """An override as it is typed, quoted where Hydra or the shell would read signs of a text as their own.

    >>> print(typed("scorer.path", "runs/a/model"), typed("scorer.path", "runs/lr=0.1,seed=1/model"))
    scorer.path=runs/a/model "scorer.path='runs/lr=0.1,seed=1/model'"
    """
    if re.fullmatch(r"[\w./@:+-]+", value):
        return f"{key}={value}"
    text = f"{key}='{value}'" if "'" not in value else f'{key}="{value}"'
    return shlex.quote(text) if set(text) & set('"$`\\!') else f'"{text}"'
