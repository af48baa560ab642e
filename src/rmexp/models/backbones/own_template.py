"""The chat template that a model was trained with, kept beside the one of its folder.

What other programs find in a folder renders whole conversations as training did; what rmexp goes on with is the model's
own template, which knows more: how it writes turns in between, tools and thoughts.
"""

from pathlib import Path
from typing import Any

FILE = "own_chat_template.jinja"  # empty where the model has none


def default_template(tokenizer: Any) -> str | None:
    """The template that conversations are rendered with, where a tokenizer has one or several."""
    return tokenizer.get_chat_template() if tokenizer.chat_template else None


def set_default_template(tokenizer: Any, template: str | None) -> None:
    """Give a tokenizer another one, beside its further ones."""
    known = tokenizer.chat_template
    tokenizer.chat_template = known | {"default": template} if isinstance(known, dict) and template else template


def keep_own_template(folder: Path, template: str | None) -> None:
    """Write a model's own template into its folder."""
    (folder / FILE).write_bytes((template or "").encode())


def with_own_template(tokenizer: Any, folder: Path) -> Any:
    """The tokenizer of a folder with the model's own template, where one is kept there."""
    path = folder / FILE
    if path.is_file():
        set_default_template(tokenizer, path.read_bytes().decode() or None)
    return tokenizer
