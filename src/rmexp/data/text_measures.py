"""What can be told of a response without understanding it: lists, markdown, words of the prompt, whether it is JSON."""

import json
import re
from functools import lru_cache

from rmexp.data.normalised import normalised

_LIST_ITEM = re.compile(r"^[ \t]*(?:[-*+\u2022\u2013]|\d{1,3}[.)])[ \t]+\S", re.MULTILINE)
# Each alternative starts with its own character, which is what makes a search fast; `(?<![^\n].)` behind that character
# says that it starts its line.
_MARKDOWN = re.compile(
    r"#(?<![^\n].)#{0,5} |\*\*[^*\n]+\*\*|`[^`\n]+`|`(?<![^\n].)``|\|(?<![^\n].).*\||\[[^\]\n]+\]\([^)\n]+\)"
)


def list_items(text: str) -> int:
    r"""Lines that start like an item of a list.

    >>> list_items("Buy:\n- bread\n2. milk\n3.5 is a number")
    2
    """
    return len(_LIST_ITEM.findall(text))


def markdown_marks(text: str) -> int:
    """Headings, bold words, code, rows of tables and links, beside items of lists.

    >>> markdown_marks("# Plan"), markdown_marks("**a** and `b`"), markdown_marks("2 * 3 * 4")
    (1, 2, 0)
    """
    return len(_MARKDOWN.findall(text)) + list_items(text)


def prompt_overlap(prompt: str, response: str) -> float:
    """Share of the prompt's distinct normalised words that the response repeats; 0 where the prompt has none.

    >>> prompt_overlap("What is a map?", "A map, it is.")
    0.75
    """
    asked = _distinct_words(prompt)
    return len(asked & _distinct_words(response)) / max(len(asked), 1)


def words(text: str) -> list[str]:
    """The words of a normalised text.

    >>> words("What's a MAP?")
    ['what', 's', 'a', 'map']
    """
    return normalised(text).split()


def first_word(text: str) -> list[str]:
    """The first of them; none of a text without words."""
    return words(text)[:1]


@lru_cache(maxsize=4096)  # pairs of one prompt lie side by side
def _distinct_words(text: str) -> frozenset[str]:
    return frozenset(words(text))


def is_json(text: str) -> bool:
    """Whether the whole text is a JSON object or array.

    >>> is_json('{"kind": "map"}'), is_json('{"kind": "map"'), is_json("12")
    (True, False, False)
    """
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False
