"""What the names of a row's columns say of its layout: the overrides that read it, as they are typed."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from rmexp.jsonl import JsonObject
from rmexp.sources.rows import as_number

_PROMPTS = ("prompt", "question", "instruction", "query", "context", "input", "post")
_RESPONSES = ("response", "completion", "answer", "output")
_BETTER = (
    ("chosen", "rejected"),
    ("preferred", "dispreferred"),
    ("preferred", "rejected"),
    ("accepted", "rejected"),
    ("better", "worse"),
    ("best", "worst"),
    ("good", "bad"),
    ("positive", "negative"),
    ("pos", "neg"),
    ("winning", "losing"),
    ("win", "lose"),
    ("winner", "loser"),
)
_SIDES = (("a", "b"), ("1", "2"), ("0", "1"), ("left", "right"), ("first", "second"), ("one", "two"))
_LABELS = ("winner", "label", "preference", "preferred", "choice", "vote", "verdict", "better", "best")
_UNKNOWN = ("FIRST", "SECOND")  # stand for values that a column does not tell
_NUMBERS = ("score", "reward", "rating", "winner", "votes")
_RANKS = ("rank", "ranking")
_WORTHS = ("score", "rating", "reward", "label", "vote", "grade", "quality", "gold", *_RANKS)


class Pair(NamedTuple):
    """Two columns whose names differ in one word.

    Attributes:
        first: column of the first.
        second: of the other one.
        words: in which they differ.
    """

    first: str
    second: str
    words: tuple[str, str]


def likely_layout(content: JsonObject) -> list[str]:
    """The overrides that read a row whose columns have such names; none where they tell nothing.

    A word in capitals stands for what the names do not tell; typed as it is, it is refused.

    >>> likely_layout({"question": "q", "better": "c", "worse": "r"})
    ['data.format.prompt=question', 'data.format.chosen=better', 'data.format.rejected=worse']
    >>> likely_layout({"prompt": "p", "answer_1": "x", "answer_2": "y", "score_1": 3, "score_2": 1})[1:]
    ['data.format.first=answer_1', 'data.format.second=answer_2', "'data.format.label=[score_1,score_2]'"]
    >>> likely_layout({"prompt": "p", "answer": "x", "rating": 3})
    ['data/format=unpaired', 'data.format.response=answer', 'data.format.score=rating']
    >>> likely_layout({"prompt": "p", "answers": ["x", "y"], "ranks": [2, 1]})[1:]
    ['data.format.responses=answers', 'data.format.score=ranks', 'data.format.lowest_is_best=true']
    >>> likely_layout({"prompt": "p", "completion": "x"})
    []
    """
    if (sides := _pair(content, _BETTER)) is None:
        return votes_in(content) or _listed(content) or _single(content)
    return [*_prompt(content), _names("chosen", sides.first), _names("rejected", sides.second)]


def votes_in(content: JsonObject) -> list[str]:
    """The overrides of a row with two responses and what says which one won; none where it has no such columns.

    >>> votes_in({"prompt": "p", "response_a": "x", "response_b": "y", "winner": "b"})[3:]
    ['data.format.label=winner', "'data.format.first_wins=[a]'", "'data.format.second_wins=[b]'"]
    """
    sides = _pair(content, _SIDES)
    label = [] if sides is None else _label(content, sides)
    if sides is None or not label:
        return []
    talks = not isinstance(content[sides.first], str) and not any(name in content for name in _PROMPTS)
    prompt = ["data.format.prompt=null"] if talks else _prompt(content)
    return ["data/format=sides", *prompt, _names("first", sides.first), _names("second", sides.second), *label]


def numbers_beside(content: JsonObject, column: str) -> list[str]:
    """The overrides that read a list of responses with a column of numbers, one for each; none without such a column.

    >>> numbers_beside({"prompt": "p", "responses": ["x", "y"], "scores": [1, 2]}, "responses")
    ['data/format=scored_responses', 'data.format.score=scores']
    """
    listed = content[column]
    for name, values in content.items():
        worths = {*_WORTHS} & {word.removesuffix("s") for word in _words(name)}
        if worths and isinstance(values, list) and len(values) == len(listed) > 1 and all(map(_is_number, values)):
            responses = [] if column == "responses" else [_names("responses", column)]
            rank = ["data.format.lowest_is_best=true"] if worths & {*_RANKS} else []
            return ["data/format=scored_responses", *_prompt(content), *responses, _names("score", name), *rank]
    return []


def _listed(content: JsonObject) -> list[str]:
    """The overrides of a row with a list of responses and numbers for them."""
    sides = [name for name, value in content.items() if isinstance(value, list) and value and all(map(_is_side, value))]
    told = (
        numbers_beside(content, name)
        for name in sides
        if {part.removesuffix("s") for part in _words(name)} & {*_RESPONSES, "candidate"}
    )
    return next(filter(None, told), [])


def _single(content: JsonObject) -> list[str]:
    """The overrides of a row with one response and a number for it, which is paired with others of its prompt."""
    response = next((name for name in _RESPONSES if _is_side(content.get(name))), None)
    scores = [name for name, value in content.items() if {*_words(name)} & {"label", *_NUMBERS} and _is_number(value)]
    if response is None or not scores:
        return []
    return ["data/format=unpaired", *_prompt(content), _names("response", response), _names("score", scores[0])]


def _label(content: JsonObject, sides: Pair) -> list[str]:
    """The overrides for what says who won: two numbers, or a column with the values that its own value suggests."""
    for first, second in (_numbers(content, word, sides.words) for word in _NUMBERS):
        if first and second:
            return [f"'data.format.label=[{_quoted(first)},{_quoted(second)}]'"]
    named = [name for name in content if set(_words(name)) & set(_LABELS) and name not in sides[:2]]
    if not named:
        return []
    values = {name: _values(content[name], sides) for name in named}
    column, (first, second) = next((item for item in values.items() if item[1] != _UNKNOWN), (named[0], _UNKNOWN))
    return [
        _names("label", column),
        f"'data.format.first_wins=[{_quoted(first)}]'",
        f"'data.format.second_wins=[{_quoted(second)}]'",
    ]


def _values(value: Any, sides: Pair) -> tuple[str, str]:
    """The values for both sides: words of which one is the value. What a number counts from is not guessed."""
    word = str(value).strip().casefold()
    named = [words for words in (sides.words, *_SIDES) if words[0].isalpha() or words == sides.words == ("0", "1")]
    known = [("model_a", "model_b"), (sides.first, sides.second), *named]
    found = next((pair for pair in known if word in [one.casefold() for one in pair]), None)
    if found is None and sides.words[0].isalpha() and word.startswith("tie"):
        return sides.words
    return found or _UNKNOWN


def _numbers(content: JsonObject, word: str, sides: tuple[str, str]) -> tuple[str | None, str | None]:
    """The columns of numbers that are called a word, one for each side."""
    numbers = [name for name in content if word in _words(name) and _is_number(content[name])]
    first, second = (next((name for name in numbers if side in _words(name)), None) for side in sides)
    return first, second


def _pair(content: JsonObject, pairs: tuple[tuple[str, str], ...]) -> Pair | None:
    """The first two columns that may hold responses and whose names differ in the words of a pair alone."""
    named = {name: _words(name) for name, value in content.items() if _is_side(value)}
    for words in pairs:
        for name, parts in named.items():
            other = [words[1] if part == words[0] else part for part in parts]
            found = [second for second in named if other != parts and named[second] == other]
            if found:
                return Pair(name, found[0], words)
    return None


def _prompt(content: JsonObject) -> list[str]:
    """The override that names the prompt, where it is not called so; none where it is, or where none has its name."""
    folded = {str(name).casefold(): name for name in content}
    found = next((folded[name] for name in _PROMPTS if name in folded), "prompt")
    return [] if found == "prompt" else [_names("prompt", found)]


def _names(key: str, column: str) -> str:
    """An override that names a column, quoted for the shell where that is needed.

    >>> print(_names("first", "answer_a"), _names("first", "answer a"))
    data.format.first=answer_a 'data.format.first="answer a"'
    """
    return f"data.format.{key}={column}" if _quoted(column) == column else f"'data.format.{key}={_quoted(column)}'"


def _quoted(text: str) -> str:
    return text if re.fullmatch(r"[\w./:+-]+", text) else f'"{text}"'


def _words(name: str) -> list[str]:
    """The words of a column's name, digits by themselves.

    >>> _words("response_A"), _words("output1"), _words("modelAnswerB")
    (['response', 'a'], ['output', '1'], ['model', 'answer', 'b'])
    """
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)
    return [part.casefold() for part in parts]


def _is_side(value: Any) -> bool:
    """Whether a value may be a response: a text that is no number, a message, or a list of these."""
    if isinstance(value, str):
        return isinstance(as_number(value), str)
    return isinstance(value, Mapping | list | tuple)


def _is_number(value: Any) -> bool:
    return isinstance(as_number(value), bool | int | float)
