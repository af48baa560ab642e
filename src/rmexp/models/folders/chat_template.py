"""How a prompt becomes text: by the model's own chat template, by another one, or by plain concatenation."""

import hashlib
import logging
from pathlib import Path
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from rmexp.dialogue import Prompt, response_turns, turns_of
from rmexp.encoding.tokenizer_identity import tokenizer_fields
from rmexp.models.folders.contract import read_contract

log = logging.getLogger(__name__)

PLAIN = "plain"


def use_chat_template(tokenizer: Any, choice: str | None) -> None:
    """Give a tokenizer the chat template that it is to be saved with, so that scoring renders as training did.

    Args:
        tokenizer: a transformers tokenizer; changed in place.
        choice: None keeps the model's own; `plain` takes it away, so that a prompt is its text and turns are
            `role: content` lines; else a file with a Jinja template.

    Raises:
        ValueError: there is no such file, or it is no template, or it cannot render.
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
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{choice}: expected a Jinja template, but byte {error.start + 1} is not UTF-8 (set model.chat_template)"
        ) from error
    try:
        ImmutableSandboxedEnvironment(extensions=["jinja2.ext.loopcontrols"]).parse(text)
    except TemplateSyntaxError as error:
        raise ValueError(
            f"{choice}:{error.lineno}: expected a Jinja template, but {error.message} (set model.chat_template)"
        ) from error
    tokenizer.chat_template = text
    try:
        messages = [{"role": "user", "content": "Hello"}]
        tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    except TemplateError as error:
        raise ValueError(
            f"{choice}: expected a template that renders a message of a user, but {error} (set model.chat_template)"
        ) from error


def tell_no_template(tokenizer: Any, choice: str | None, name: str) -> None:
    """Warn where a model has no chat template and nobody has said that it is to have none.

    Args:
        tokenizer: that was given its template.
        choice: as for `use_chat_template`.
        name: folder or hub id of the model.
    """
    if choice is None and not tokenizer.chat_template and read_contract(name) is None:
        log.warning(
            "%s has no chat template: a prompt is its text, several turns are `role: content` lines, and the response "
            "follows at once (set model.chat_template to a file with a Jinja template, or to plain if this is meant)",
            name,
        )


def chat_messages(prompt: Prompt, response: str) -> list[dict[str, Any]]:
    """A prompt with its response as chat templates take them: a text is one turn of the user, or of the assistant."""
    return [turn.to_json() for turn in (*turns_of(prompt), *response_turns(response))]


def template_fingerprint(choice: str | None) -> str | None:
    """SHA-256 of the file that a choice names, as 16 hexadecimal digits; None for a choice that is no file."""
    path = None if choice in (None, PLAIN) else Path(str(choice))
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path is not None and path.is_file() else None


def check_same_template(reference: str, tokenizer: Any) -> None:
    """Refuse a template that is not the reference's: scores relative to a model need its very inputs.

    Args:
        reference: folder or hub id of the model that scores are relative to.
        tokenizer: of the model that is to be trained from it.

    Raises:
        ValueError: the folder's contract has another template.
    """
    contract = read_contract(reference)
    if contract is not None and contract.chat_template != tokenizer_fields(tokenizer)["chat_template"]:
        raise ValueError(
            f"{reference} was trained with another chat template, but a policy is compared with its reference on the "
            "same inputs (set model.chat_template=null, or train the reference with it)"
        )
