"""Conversations whose turns stand in two lists, those of the user and those of the assistant, maybe as JSON texts."""

import json
from typing import Any

from rmexp.jsonl import describe


def as_turns(prompts: Any, answers: Any, names: tuple[str, str, str]) -> list[dict[str, str]]:
    """The messages of one conversation.

    Args:
        prompts: the user's turns: a list of texts, the JSON of one, or a single text.
        answers: the assistant's, likewise.
        names: of the columns, for messages.

    Raises:
        ValueError: they are something else, or not equally many.

    >>> as_turns('["Hi", "Why?"]', ["Hello.", "So."], ("prompt", "a", "b"))[2:]
    [{'role': 'user', 'content': 'Why?'}, {'role': 'assistant', 'content': 'So.'}]
    """
    asked, said = _listed(prompts, names[0]), _listed(answers, f"{names[1]}` or `{names[2]}")
    if len(asked) != len(said):
        raise ValueError(f"expected an answer to each of the {len(asked)} turns of `{names[0]}`, got {len(said)}")
    return [
        {"role": role, "content": text}
        for pair in zip(asked, said, strict=True)
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]


def behind_turns(before: Any, prompt: Any, names: tuple[str, str]) -> list[dict[str, str]]:
    """The messages of a prompt behind those of earlier turns.

    Args:
        before: a list of pairs, the user's text and the assistant's.
        prompt: the user's last text.
        names: of the two columns, for messages.

    Raises:
        ValueError: they are something else.

    >>> [turn["role"] for turn in behind_turns([["Hi", "Hello."]], "Why?", ("history", "prompt"))]
    ['user', 'assistant', 'user']
    """
    if not isinstance(before, list | tuple):
        raise ValueError(f"`{names[0]}` must be a list of pairs of texts, got {describe(before)}")
    turns = []
    for index, pair in enumerate(before):
        whole = isinstance(pair, list | tuple) and len(pair) == 2 and all(isinstance(text, str) for text in pair)
        if not whole:
            raise ValueError(
                f"`{names[0]}[{index}]` must be a text of the user and one of the assistant, got {describe(pair)}"
            )
        turns += [{"role": role, "content": text} for role, text in zip(("user", "assistant"), pair, strict=True)]
    if not isinstance(prompt, str):
        raise ValueError(f"`{names[0]}` stands before `{names[1]}`, expected a text there, got {describe(prompt)}")
    return [*turns, {"role": "user", "content": prompt}]


def _listed(value: Any, name: str) -> list[Any]:
    found = value
    if isinstance(value, str):
        try:
            found = json.loads(value)
        except ValueError:
            found = [value]
    found = found if isinstance(found, list) else [value]
    for index, text in enumerate(found):
        if not isinstance(text, str):
            raise ValueError(f"`{name}[{index}]` must be a string, got {describe(text)}")
    return found
