"""Templates to pages: every text is made visible and escaped, but for figures of our own."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rmexp.reports.drawing import numbers
from rmexp.reports.drawing.visible import one_line, shortened, visible


def render(template: str, **content: Any) -> str:
    """A template of `reports/templates` filled in.

    Text from data has its invisible characters shown wherever it stands; a template that leaves out a value that is
    missing raises `jinja2.UndefinedError`.
    """
    return _environment().get_template(template).render(**content)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("rmexp.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_shown,
    )
    for name in ("percent", "number", "decimals", "count", "p_value", "taken", "duration"):
        environment.filters[name] = getattr(numbers, name)
    environment.filters |= {"shortened": shortened, "one_line": one_line}
    return environment


def _shown(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
