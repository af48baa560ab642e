"""Chat templates that print today's date print a fixed one: rewards would else move with the calendar."""

import json
import re
from datetime import date
from functools import cache

DAY = date(2024, 7, 26)
DATE = "26 Jul 2024"  # what templates take as `date_string`
_TODAY = re.compile(r"""\bstrftime_now\(\s*(["'])(?P<format>.*?)\1\s*\)""")


@cache
def pinned(template: str) -> str:
    r"""A template with the text of a fixed day for each call that prints today's.

    Args:
        template: in Jinja, with the function `strftime_now` of transformers where it prints a date.

    Raises:
        ValueError: it calls that function with anything but a text.

    >>> pinned("{{ 'Today: ' + strftime_now('%Y-%m-%d') }}")
    '{{ \'Today: \' + "2024-07-26" }}'
    """
    fixed = _TODAY.sub(lambda call: json.dumps(DAY.strftime(call["format"])), template)
    if re.search(r"\bstrftime_now\s*\(", fixed):
        raise ValueError(
            "the chat template prints today's date in a way that cannot be pinned, so that rewards would change from "
            "day to day (set model.chat_template to a file with a fixed date)"
        )
    return fixed
