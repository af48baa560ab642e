"""Dialogues in one text, as Anthropic writes them: each turn begins with `Human:` or `Assistant:`."""

import re

from rmexp.jsonl import describe
from rmexp.records import Message

_TURN = re.compile(r"(?:^|\n\n)(Human|Assistant):")
_ROLES = {"Human": "user", "Assistant": "assistant"}


def turns(text: object) -> list[Message]:
    r"""The turns of a transcript, without the white space around each.

    Raises:
        ValueError: it is no text, or does not begin with a turn.

    >>> turns("\n\nHuman: Hi\n\nAssistant: Hello.\n\nHuman: Bye\n\nAssistant:")[-2:]
    [Message(role='user', content='Bye'), Message(role='assistant', content='')]
    """
    if not isinstance(text, str):
        raise ValueError(f"expected a transcript, got {describe(text)}")
    before, *parts = _TURN.split(text)
    if before.strip() or not parts:
        raise ValueError(f'expected a transcript that begins with "Human:", got {describe(text)}')
    return [Message(_ROLES[name], content.strip()) for name, content in zip(parts[::2], parts[1::2], strict=True)]


def prompt_of(text: object) -> tuple[Message, ...]:
    """The turns of a transcript that ends with a human's turn or with an empty one of the assistant.

    Raises:
        ValueError: it is no transcript, or ends with what the assistant said.
    """
    messages = turns(text)
    if messages[-1].role == "assistant":
        if messages[-1].content:
            raise ValueError("expected a prompt that ends with a human's turn, got one that ends with the assistant's")
        messages.pop()
    return tuple(messages)
