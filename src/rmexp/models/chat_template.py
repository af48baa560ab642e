"""How a prompt becomes text: by the model's own chat template, by another one, or by plain concatenation."""

from pathlib import Path
from typing import Any

from jinja2 import TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

PLAIN = "plain"


def use_chat_template(tokenizer: Any, choice: str | None) -> None:
    """Give a tokenizer the chat template that it is to be saved with, so that scoring renders as training did.

    Args:
        tokenizer: a transformers tokenizer; changed in place.
        choice: None keeps the model's own; `plain` takes it away, so that a prompt is its text and turns are
            `role: content` lines; else a file with a Jinja template.

    Raises:
        ValueError: there is no such file, or it is no template.
    """
    if choice is None:
        return
    if choice == PLAIN:
        tokenizer.chat_template = None
        return
    path = Path(choice)
    if not path.is_file():
        raise ValueError(
            f"model.chat_template must be null, {PLAIN} or a file with a Jinja template, but there is no file {choice}"
        )
    text = path.read_text(encoding="utf-8")
    try:
        ImmutableSandboxedEnvironment(extensions=["jinja2.ext.loopcontrols"]).parse(text)
    except TemplateSyntaxError as error:
        raise ValueError(
            f"{choice}:{error.lineno}: expected a Jinja template, but {error.message} (set model.chat_template)"
        ) from error
    tokenizer.chat_template = text
