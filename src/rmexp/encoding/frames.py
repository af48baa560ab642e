"""What a chat template puts around the contents of turns, found once: rendering is then putting texts together.

A template is run with contents that tell what it asks of them. Where it does nothing but put each of them into its text
once, in their order, all contents of turns of the same roles have the same text around them. Contents of which it would
hear another answer, such as that they begin with a certain word, are left to the template.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from jinja2 import TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from rmexp.encoding.marked_text import PLACE

MOST_TURNS = 8  # of longer conversations there may be many kinds
COMPARED = 64  # renderings of each kind that are made in both ways at the start
_HARD = (" a", "a\n", "{{ x }}", "<think>a</think>b", "'\"\\", "<tool_response>a</tool_response>", "é" * 999)

Render = Callable[[Sequence[str]], str]  # from contents to what the template makes of them


class Content(str):
    """The content of a turn that says of all texts that they are not in it, and remembers which it was asked of."""

    asked: set[str]
    stripped: set[str | None]
    whole = True  # nothing was put to it

    def __add__(self, other: str) -> "Content":
        return self._with(str.__add__(self, other))

    def __radd__(self, other: str) -> "Content":
        return self._with(str.__add__(other, self))

    def __str__(self) -> str:
        return self

    def __bool__(self) -> bool:
        return True

    def _without(self, *others: object) -> bool:
        if not self.whole or not others or not isinstance(others[0], str):
            raise _Asked
        self.asked.add(str(others[0]))
        return False

    def _differs(self, other: object) -> bool:
        return not self._without(other)

    def _as_it_is(self, characters: str | None = None) -> "Content":
        if not self.whole:
            raise _Asked
        self.stripped.add(characters)
        return self

    def _split(self, *others: object) -> "list[Content]":
        self._without(*others)
        return [self]

    def _with(self, text: str) -> "Content":
        made = Content(text)
        made.whole = False
        return made


class _Asked(Exception):
    """A template asks of a content what has no answer that holds for nearly all."""


def _refuse(self: Content, *arguments: Any, **options: Any) -> Any:
    raise _Asked


_ANSWERED = {
    **dict.fromkeys(("__contains__", "__eq__", "startswith", "endswith"), Content._without),
    "__ne__": Content._differs,
    **dict.fromkeys(("strip", "lstrip", "rstrip"), Content._as_it_is),
    **dict.fromkeys(("split", "rsplit"), Content._split),
}
_COMPARING = {"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__", "__format__"}
for _name in set(dir(str)) - ({*vars(Content), *dir(object)} - _COMPARING):
    setattr(Content, _name, _ANSWERED.get(_name, _refuse))


class Frame(NamedTuple):
    """The text around contents.

    Attributes:
        pieces: before each content, and behind the last.
        asked: texts that no content may have.
        stripped: characters that none may begin or end with.
    """

    pieces: tuple[str, ...]
    asked: tuple[str, ...]
    stripped: tuple[str | None, ...]

    def around(self, contents: Sequence[str]) -> str | None:
        """The text with contents in it; None where only the template knows it."""
        parts = [self.pieces[0]]
        for content, piece in zip(contents, self.pieces[1:], strict=True):
            if not content:
                return None
            for text in self.asked:
                if text in content:
                    return None
            for characters in self.stripped:
                if content.strip(characters) != content:
                    return None
            parts += (content, piece)
        return "".join(parts)


class Framed:
    """Renders turns of certain roles: by the template at first, then by the frame that gave the same.

    Args:
        frame: None leaves all to the template.
    """

    def __init__(self, frame: Frame | None) -> None:
        self._frame, self._left = frame, COMPARED

    def at_once(self, contents: Sequence[str]) -> str | None:
        """What the template makes of contents; None where it is to be asked."""
        return None if self._frame is None or self._left else self._frame.around(contents)

    def text(self, contents: Sequence[str], render: Render) -> str:
        """What the template makes of contents."""
        text = None if self._frame is None else self._frame.around(contents)
        if text is not None and not self._left:
            return text
        rendered = render(contents)
        if text is not None:
            self._left -= 1
            self._frame = self._frame if text == rendered else None
        return rendered


def frame_of(template: str, roles: Sequence[str], variables: Mapping[str, Any], render: Render) -> Frame | None:
    """What a template puts around the contents of turns; None where that is not the same for nearly all contents.

    Args:
        template: in Jinja.
        roles: of the turns.
        variables: that the template has beside the messages.
        render: contents of such turns, by the template.
    """
    if len(roles) > MOST_TURNS:
        return None
    asked, stripped = set[str](), set[str | None]()
    contents = [Content(place) for place in range(len(roles))]
    for content in contents:
        content.asked, content.stripped = asked, stripped
    messages = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=True)]
    places = [f'{PLACE}{number}"\n\\{PLACE}' for number in range(len(roles))]  # as no filter leaves it
    try:
        _environment().from_string(template).render(**variables, messages=messages)
        rest, pieces = render(places), list[str]()
        for place in places:
            piece, rest = rest.split(place)
            pieces.append(piece)
        frame = Frame((*pieces, rest), tuple(asked - {""}), tuple(stripped))
        alike = all(frame.around([text] * len(roles)) in (None, render([text] * len(roles))) for text in _HARD)
    except (_Asked, TemplateError, TypeError, ValueError, LookupError, AttributeError):
        return None
    return frame if alike else None


def _environment() -> ImmutableSandboxedEnvironment:
    """An environment as transformers has it for chat templates."""

    def refuse(message: str) -> None:
        raise TemplateError(message)

    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    made.filters["tojson"] = json.dumps
    made.globals["raise_exception"] = refuse
    return made
