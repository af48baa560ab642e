"""The keys of a YAML file with what the file remarks of each: read by the help and by the configuration reference."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

_KEY = re.compile(r"^(?P<indent> *)(?P<key>[\w@./-]+):(?: (?P<value>.*?))?(?: *# (?P<remark>.*))?$")
_GLOBAL = "# @package _global_"


class Key(NamedTuple):
    """A key of a YAML file.

    Attributes:
        path: dotted, from the top of the file.
        default: as the file writes it; empty for a node with keys of its own.
        remark: the comment beside the key, or above it for a node; empty for none.
        line: of the file, from 1.
    """

    path: str
    default: str
    remark: str
    line: int


@cache
def keys_of(path: Path) -> tuple[Key, ...]:
    """The keys of a configuration file in their order; the list of defaults and `_target_` are left out."""
    return tuple(_keys_of(path))


def _keys_of(path: Path) -> Iterator[Key]:
    above: list[tuple[int, str]] = []
    comment = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.lstrip().startswith("#"):
            comment = line.strip("# ").rstrip(".") if number > 1 else ""
            continue
        if (found := _KEY.match(line)) is None:
            comment = ""
            continue
        indent, key = len(found["indent"]), found["key"]
        above = [(depth, name) for depth, name in above if depth < indent]
        dotted = ".".join([*(name for _, name in above), key])
        value, remark = (found["value"] or "").strip(), found["remark"] or ""
        if not value:
            above.append((indent, key))
            remark = remark or comment
        known = key not in ("_target_", "_partial_") and not dotted.startswith("defaults")
        if known and (value or remark):
            yield Key(dotted, value, remark, number)
        comment = ""


def included_in(path: Path) -> list[str]:
    """Options of the same group that a file builds on, the one that wins over the others first."""
    defaults = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("defaults", [])
    return [str(name) for name in reversed(defaults) if isinstance(name, str) and name != "_self_"]


def is_global(path: Path) -> bool:
    """Whether the keys of a file stand at the top of the configuration, whatever its folder."""
    return path.read_text(encoding="utf-8").startswith(_GLOBAL)


def first_comment(path: Path) -> str:
    """What a file is in one sentence: its first comment line without the full stop, or nothing."""
    lines = path.read_text(encoding="utf-8").splitlines()
    lines = lines[1:] if lines[:1] == [_GLOBAL] else lines
    return lines[0].removeprefix("#").strip().rstrip(".") if lines and lines[0].startswith("# ") else ""
