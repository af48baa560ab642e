"""Prompts and responses as one text for a model: by its chat template where it has one, with marks (marked_text.py)."""

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import takewhile
from typing import Any

from jinja2 import TemplateError

from rmexp.dialogue import Dialogue, Message, Prompt, Turns, prompt_text, response_turns, template_arguments, turns_of
from rmexp.encoding.frames import Framed, frame_of
from rmexp.encoding.marked_text import PLACE, MarkedText
from rmexp.encoding.pinned_date import DATE, pinned
from rmexp.jsonl import describe
from rmexp.records import Record

log = logging.getLogger(__name__)

_DONE = ("tool_calls", "reasoning_content", "thinking")  # what a response may hold beside its text


class RefusedPrompt(ValueError):
    """The chat template cannot render a prompt.

    Attributes:
        prompt: the one that it cannot.
        problem: why.
    """

    def __init__(self, prompt: Prompt, problem: str) -> None:
        super().__init__(problem)
        self.prompt, self.problem = prompt, problem

    def __reduce__(self) -> tuple[Any, ...]:
        """Both, for another process."""
        return RefusedPrompt, (self.prompt, self.problem)


class Rendering:
    """Renders for one tokenizer.

    Args:
        tokenizer: a transformers tokenizer.
        marked: marks what looks like its special tokens.
    """

    def __init__(self, tokenizer: Any, marked: MarkedText) -> None:
        self._tokenizer, self._marked = tokenizer, marked
        self._of_texts: tuple[Any, Framed] | None = None  # chat template, and how it renders prompts that are texts
        self._doubted = set[tuple[str, str]]()  # chat templates with what they may pass over of a message, once tried
        self._framed: dict[tuple[str, tuple[str, ...], bool], Framed] = {}  # by template, roles, and what it adds

    def prompt(self, prompt: Prompt) -> str:
        """The prompt, with the beginning of an answer to it."""
        template = self._tokenizer.chat_template
        if not template:
            return prompt_text(prompt)
        if type(prompt) is str and self._of_texts is not None and self._of_texts[0] == template:
            text = self._of_texts[1].at_once((self._marked.mark(prompt),))
            if text is not None:
                return text
        return self._by_template(turns_of(prompt), prompt, ask=True)

    def conversation(self, prompt: Prompt, response: str) -> str:
        """All turns as the chat template alone renders them."""
        return self._by_template((*turns_of(prompt), *response_turns(response)), prompt, ask=False)

    def whole(self, prompt: Prompt, response: str, start: str, end: int) -> tuple[str, int]:
        """Prompt and response, and where the prompt ends, not counting marks.

        A response of several turns ends with the text of the last one, whatever the template puts behind it.

        Args:
            prompt: that is rendered as `start`.
            response: to it.
            start: with marks.
            end: of it without marks.
        """
        if not isinstance(response, Turns) or not self._tokenizer.chat_template:
            return start + self._marked.mark(response), end
        self._doubt(prompt, response)
        *turns, last = response.turns
        spoken = last._replace(content=PLACE) if last.content else last
        text = self._by_template((*turns_of(prompt), *turns, spoken), prompt, ask=False)
        if last.content and PLACE in text:
            text = text[: text.rindex(PLACE)] + self._marked.mark(last.content)
        else:
            text = text.rstrip().removesuffix(self._tokenizer.eos_token).rstrip()
        shared = "".join(first for first, _ in takewhile(_same, zip(start, text, strict=False)))
        return text, len(self._marked.unmark(shared))

    def _doubt(self, prompt: Prompt, response: Turns) -> None:
        """Warn where the chat template passes over what a response does beside speaking."""
        template = self._tokenizer.get_chat_template()
        for key in (key for key in _DONE if key not in template and (template, key) not in self._doubted):
            bare = tuple(_without(turn, key) for turn in response.turns)
            if bare != response.turns:
                self._doubted.add((template, key))
                before = turns_of(prompt)
                both = [self._by_template((*before, *turns), prompt, ask=False) for turns in (response.turns, bare)]
                if both[0] == both[1]:
                    _tell_once(template, key)

    def _by_template(self, turns: Sequence[Message], prompt: Prompt, *, ask: bool) -> str:
        """Turns rendered with what the prompt says beside them; `ask` adds the beginning of an answer."""
        template, mark_all = pinned(self._tokenizer.get_chat_template()), self._marked.mark_all
        options = {"date_string": DATE, "chat_template": template, "add_generation_prompt": ask}
        if isinstance(prompt, Dialogue) or any(turn.further for turn in turns):
            arguments = mark_all(template_arguments(prompt))
            return self._rendered(prompt, mark_all([turn.to_json() for turn in turns]), {**options, **arguments})
        roles = tuple(turn.role for turn in turns)

        def render(contents: Sequence[str]) -> str:
            said = zip(mark_all([*roles]), contents, strict=True)
            return self._rendered(prompt, [{"role": role, "content": content} for role, content in said], options)

        framed = self._framed.get((template, roles, ask))
        if framed is None:
            variables = {**self._tokenizer.special_tokens_map, **options, "tools": None, "documents": None}
            framed = Framed(frame_of(template, mark_all([*roles]), variables, render))
            self._framed[template, roles, ask] = framed
        if ask and type(prompt) is str:
            self._of_texts = self._tokenizer.chat_template, framed
        return framed.text([self._marked.mark(turn.content) for turn in turns], render)

    def _rendered(self, prompt: Prompt, messages: list[dict[str, Any]], options: dict[str, Any]) -> str:
        """What the template makes of messages."""
        try:
            return str(self._tokenizer.apply_chat_template(messages, tokenize=False, **options))
        except (TemplateError, TypeError, ValueError, LookupError, AttributeError) as error:
            roles = ", ".join(self._marked.unmark(message["role"]) for message in messages)
            raise RefusedPrompt(
                prompt,
                f"the chat template refuses the prompt {describe(prompt_text(prompt))}: {' '.join(str(error).split())} "
                f"(its turns are of {roles}; change them in the data, or set model.chat_template to a file with a "
                "template that takes them)",
            ) from error


@contextmanager
def rows_named(records: Iterable[Record]) -> Iterator[None]:
    """Tell a prompt that the chat template refuses with the row that it stands in.

    Args:
        records: that are encoded in the block.

    Raises:
        ValueError: one is refused; the message begins with its file and line, or with its id.
    """
    try:
        yield
    except RefusedPrompt as error:
        found = next(record for record in records if record.prompt == error.prompt)
        raise ValueError(f"{found.place or f'record {found.id}'}: {error}") from error


@cache
def _tell_once(_template: str, key: str) -> None:
    log.warning(
        "the chat template passes over `%s` of responses: the model reads nothing of it (set model.chat_template to a "
        "file with a template that renders it)", key,
    )  # fmt: skip


def _without(turn: Message, key: str) -> Message:
    """A turn without one of the things that it holds beside its text."""
    further = {name: value for name, value in json.loads(turn.further or "{}").items() if name != key}
    return (
        turn if not turn.further else turn._replace(further=json.dumps(further, ensure_ascii=False) if further else "")
    )


def _same(pair: tuple[str, str]) -> bool:
    return pair[0] == pair[1]
