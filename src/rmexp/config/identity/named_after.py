"""Data sets that are called after their files: what `${name_after:KIND}` in their options stands for.

Once such a set was called by its option, `jsonl` say. The interpolation keeps that name, so that a run of then is the
same as one of now.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from omegaconf import OmegaConf

from rmexp.sources.file_names import name_of_files

RESOLVER = "name_after"
PATHS = ("path", "val_path", "test_path")  # the first that is given
_NAMED = re.compile(rf"\$\{{{RESOLVER}:(\w+)\}}")


def name_after(kind: str, *, _parent_: Any) -> str:
    """The resolver of the interpolation: the name of the files that stand beside it.

    Args:
        kind: the name where no file is given.
        _parent_: the node that holds the name.
    """
    known = {key: _parent_.get(key) for key in PATHS if not OmegaConf.is_missing(_parent_, key)}
    return _first_name(known) or kind


def with_file_names(values: Mapping[str, object]) -> dict[str, object]:
    """Values by dotted path with such names as they are told."""
    return {key: _told(key, value, values) for key, value in values.items()}


def with_first_names(values: Mapping[str, object]) -> dict[str, object]:
    """Values by dotted path with such names as they once were."""
    return {key: found[1] if (found := _found(value)) else value for key, value in values.items()}


def _told(key: str, value: Any, values: Mapping[str, object]) -> Any:
    found = _found(value)
    if found is None:
        return value
    return _first_name({path: values.get(f"{key.rpartition('.')[0]}.{path}") for path in PATHS}) or found[1]


def _first_name(paths: Mapping[str, object]) -> str:
    files = (value for value in paths.values() if isinstance(value, Sequence) and value)
    names = (name_of_files(value if isinstance(value, str) else [*value]) for value in files)
    return next(filter(None, names), "")


def _found(value: Any) -> re.Match[str] | None:
    return _NAMED.fullmatch(value) if isinstance(value, str) else None
