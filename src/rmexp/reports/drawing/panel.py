"""A figure with its caption, as pages show it."""

from typing import NamedTuple

from markupsafe import Markup


class Panel(NamedTuple):
    """A figure and the sentence that says what it shows."""

    svg: Markup
    caption: str
