"""The files that a configuration means: one, several, or those that match a pattern."""

from collections.abc import Sequence
from glob import glob, has_magic
from pathlib import Path


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
