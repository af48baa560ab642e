"""Prompts and responses, each a text or turns: as people read them, as files keep them, as chat templates take them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self


class Message(NamedTuple):
    """One turn of a conversation.

    Attributes:
        role: who speaks.
        content: what is said; empty where tools are called without a word.
        further: JSON object of what else a chat template reads of it, such as `tool_calls`; empty for nothing.
    """

    role: str
    content: str
    further: str = ""

    def to_json(self) -> dict[str, object]:
        """The object that a chat template takes."""
        further = json.loads(self.further) if self.further else {}
        said = {"content": self.content} if self.content or not further else {}
        return {"role": self.role, **said, **further}


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Turns with what a chat template is told beside them.

    Attributes:
        turns: one or more.
        tools: JSON list of the tools that the model may call; empty for none.
        settings: JSON object of further arguments of the template, such as `enable_thinking`; empty for none.
    """

    turns: tuple[Message, ...]
    tools: str = ""
    settings: str = ""


Prompt = str | tuple[Message, ...] | Dialogue


class Turns(str):
    """A response of several turns, or one that calls tools.

    To people, word counts and hashes it is a text; chat templates take its turns.
    """

    turns: tuple[Message, ...]

    def __new__(cls, turns: Sequence[Message]) -> Self:
        """Make the text of the turns."""
        made = super().__new__(cls, prompt_text(tuple(turns)))
        made.turns = tuple(turns)
        return made

    def __getnewargs__(self) -> tuple[tuple[Message, ...]]:  # type: ignore[override]
        """The turns, for copies and other processes."""
        return (self.turns,)


def turns_of(prompt: Prompt) -> tuple[Message, ...]:
    """The turns of a prompt; a text is one of the user."""
    if isinstance(prompt, str):
        return (Message("user", prompt),)
    return prompt.turns if isinstance(prompt, Dialogue) else prompt


def with_turns(prompt: Prompt, turns: tuple[Message, ...]) -> Prompt:
    """Other turns in place of a prompt's own, with the same tools and settings."""
    return Dialogue(turns, prompt.tools, prompt.settings) if isinstance(prompt, Dialogue) else turns


def template_arguments(prompt: Prompt) -> dict[str, object]:
    """What a chat template takes beside the messages of a prompt: tools, and whatever else the data says."""
    if not isinstance(prompt, Dialogue):
        return {}
    tools = {"tools": json.loads(prompt.tools)} if prompt.tools else {}
    return tools | (json.loads(prompt.settings) if prompt.settings else {})


def response_turns(response: str) -> tuple[Message, ...]:
    """The turns of a response; a text is one of the assistant."""
    return response.turns if isinstance(response, Turns) else (Message("assistant", response),)


def response_of(turns: Sequence[Message]) -> str:
    """The response that turns are: a text where there is one turn that does nothing but speak."""
    plain = len(turns) == 1 and not turns[0].further and turns[0].role == "assistant"
    return turns[0].content if plain else Turns(turns)


def prompt_text(prompt: Prompt) -> str:
    """A prompt as one text, turns as `role: content` lines; for hashing, grouping and reading, never for a model."""
    if isinstance(prompt, str):
        return prompt
    return "\n".join(
        " ".join((f"{turn.role}:", turn.content, turn.further)).rstrip(" ")
        if turn.further
        else f"{turn.role}: {turn.content}"
        for turn in turns_of(prompt)
    )


def prompt_json(prompt: Prompt) -> Any:
    """A prompt as JSON holds it: text, a list of messages, or an object of `messages`, `tools` and settings."""
    if isinstance(prompt, str):
        return prompt
    messages = [turn.to_json() for turn in turns_of(prompt)]
    if not isinstance(prompt, Dialogue):
        return messages
    told = {"tools": prompt.tools, "chat_template_kwargs": prompt.settings}
    return {"messages": messages, **{key: json.loads(text) for key, text in told.items() if text}}


def response_json(response: str) -> Any:
    """A response as JSON holds it: text, or a list of messages."""
    return [turn.to_json() for turn in response.turns] if isinstance(response, Turns) else response
