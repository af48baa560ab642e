"""The same records behind longer prompts: what prompt length alone does to a reward."""

from dataclasses import replace

from rmexp.dialogue import turns_of, with_turns
from rmexp.records import Preference, Prompt

SENTENCES = (
    "This conversation is part of a long support session.",
    "The person has asked several things before, and each of them was answered.",
    "Nothing that was said earlier changes the question below.",
    "Times and names have been left out of this record.",
    "The notes above the question are kept for completeness only.",
    "Please read the question that follows and answer it on its own.",
)


def preamble(sentences: int) -> str:
    """Neutral text of so many sentences, repeating where there are no more; ends with a line break."""
    return " ".join(SENTENCES[index % len(SENTENCES)] for index in range(sentences)) + "\n"


def with_preamble(record: Preference, text: str) -> Preference:
    """The pair with `text` before its prompt, or before the first turn of a conversation."""
    return replace(record, prompt=_prefixed(record.prompt, text))


def _prefixed(prompt: Prompt, text: str) -> Prompt:
    if isinstance(prompt, str):
        return text + prompt
    first, *others = turns_of(prompt)
    return with_turns(prompt, (first._replace(content=text + first.content), *others))
