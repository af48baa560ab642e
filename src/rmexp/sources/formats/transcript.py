"""Dialogues in one text: each turn after `Human:` or `Assistant:`, as Anthropic writes them, or after a marker."""

import re

from rmexp.jsonl import describe
from rmexp.records import Message, Prompt

_TURN = re.compile(r"(?:^|\n\n)(Human|Assistant):")
_ROLES = {"Human": "user", "User": "user", "Assistant": "assistant"}


def turns(text: object) -> list[Message]:
    r"""The turns of a transcript, without the white space around each.

    Raises:
        ValueError: it is no text, or does not begin with a turn.

    >>> turns("\n\nHuman: Hi\n\nAssistant: Hello.\n\nHuman: Bye\n\nAssistant:")[-2:]
    [Message(role='user', content='Bye', further=''), Message(role='assistant', content='', further='')]
    """
    if not isinstance(text, str):
        raise ValueError(f"expected a transcript, got {describe(text)}")
    before, *parts = _TURN.split(text)
    if before.strip() or not parts:
        raise ValueError(f'expected a transcript that begins with "Human:", got {describe(text)}')
    return [Message(_ROLES[name], content.strip()) for name, content in zip(parts[::2], parts[1::2], strict=True)]


def has_turns(text: str) -> bool:
    r"""Whether a turn of a transcript begins anywhere in a text: where it starts, or a paragraph does.

    >>> has_turns(" Human: Hi"), has_turns("Hi\n\nAssistant: Hello"), has_turns("A Human: what is it?")
    (True, True, False)
    """
    return _TURN.search(text.strip()) is not None


def prompt_of(text: object) -> tuple[Message, ...]:
    """The turns of a transcript that ends with a human's turn or with an empty one of the assistant.

    Raises:
        ValueError: it is no transcript, or ends with what the assistant said.
    """
    return _without_last(turns(text))


def marked_prompt(text: str, marker: str) -> Prompt:
    r"""The turns of a text where each but the first begins with `marker` and a role; a text without a marker as it is.

    The roles are `User` and `Assistant`; the first turn is the user's.

    Raises:
        ValueError: it ends with what the assistant said.

    >>> marked_prompt("Hi\n<x>Assistant\nHello.\n<x>User\nBye", "<x>")[1:]
    (Message(role='assistant', content='Hello.', further=''), Message(role='user', content='Bye', further=''))
    >>> marked_prompt("Hi", "<x>")
    'Hi'
    """
    first, *parts = re.split(rf"{re.escape(marker)}(User|Assistant)\b", text)
    if not parts:
        return text
    names = ["User", *parts[::2]]
    messages = [
        Message(_ROLES[name], content.strip()) for name, content in zip(names, [first, *parts[1::2]], strict=True)
    ]
    return _without_last(messages if first.strip() else messages[1:])


def _without_last(messages: list[Message]) -> tuple[Message, ...]:
    """The messages without an empty last turn of the assistant."""
    if messages[-1].role == "assistant":
        if messages[-1].content:
            raise ValueError("expected a prompt that ends with a human's turn, got one that ends with the assistant's")
        messages.pop()
    return tuple(messages)
