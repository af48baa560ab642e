"""`rmexp report FOLDER --open --watch`, spelled out as the keys that it stands for."""

from collections.abc import Sequence
from itertools import pairwise

FLAGS = ("--open", "--watch")
VERB = "report"


def spelled_out(verb: str, arguments: Sequence[str]) -> list[str]:
    """Arguments with keys in place of a bare folder and of the flags that only `report` has.

    >>> spelled_out("report", ["runs/first", "--open"])
    ["run_dir='runs/first'", 'open=true']
    >>> spelled_out("train", ["--open"])
    ['--open']
    """
    asks = {"-h", "--help"} & set(arguments)  # whose bare words are keys
    if verb != VERB or asks:
        return [*arguments]
    return [_spelled(word, before) for before, word in pairwise(["", *arguments])]


def _spelled(word: str, before: str) -> str:
    if word in FLAGS:
        return f"{word.removeprefix('--')}=true"
    is_value = before.startswith("-") and before not in FLAGS  # such as `job` behind `--cfg`
    if word.startswith("-") or is_value or _is_override(word):
        return word
    escaped = word.replace("'", "\\'")
    return f"run_dir='{escaped}'"


def _is_override(word: str) -> bool:
    """Whether a word sets a key; a folder such as `sweep/optimizer.lr=0.1` sets none."""
    key, equals, _ = word.partition("=")
    return bool(equals) and "/" not in key.partition("@")[0]
