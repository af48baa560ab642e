"""What the names of a row's columns say of its layout: the overrides that read it, as they are typed."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from rmexp.jsonl import JsonObject
from rmexp.sources.formats.column_names import (
    is_number,
    is_one,
    is_side,
    override,
    prompt_name,
    prompt_override,
    quoted,
    words_of,
)

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
    return [*prompt_override(content), override("chosen", sides.first), override("rejected", sides.second)]


def votes_in(content: JsonObject) -> list[str]:
    """The overrides of a row with two responses and what says which one won; none where it has no such columns.

    >>> votes_in({"prompt": "p", "response_a": "x", "response_b": "y", "winner": "b"})[3:]
    ['data.format.label=winner', "'data.format.first_wins=[a]'", "'data.format.second_wins=[b]'"]
    """
    sides = _pair(content, _SIDES)
    label = [] if sides is None else _label(content, sides)
    if sides is None or not label:
        return []
    talks = not isinstance(content[sides.first], str) and prompt_name(content) not in content
    prompt = ["data.format.prompt=null"] if talks else prompt_override(content)
    return ["data/format=sides", *prompt, override("first", sides.first), override("second", sides.second), *label]


def scores_of_sides(content: JsonObject, chosen: str, rejected: str) -> tuple[str, str] | None:
    """The columns of a score of each of two responses, by their names; None where there are none.

    >>> scores_of_sides({"chosen": "x", "rejected": "y", "score_chosen": 1, "score_rejected": 2}, "chosen", "rejected")
    ('score_chosen', 'score_rejected')
    """
    worths = {*_WORTHS} - {*_RANKS, "label"}
    scores = {tuple(words_of(name)): name for name, value in content.items() if is_number(value)}
    for words, name in scores.items():
        other = tuple(rejected if word == chosen else word for word in words)
        if chosen in words and other in scores and worths & {word.removesuffix("s") for word in words}:
            return name, scores[other]
    return None


def numbers_beside(content: JsonObject, column: str) -> list[str]:
    """The overrides that read a list of responses with a column of numbers, one for each; none without such a column.

    >>> numbers_beside({"prompt": "p", "responses": ["x", "y"], "scores": [1, 2]}, "responses")
    ['data/format=scored_responses', 'data.format.score=scores']
    """
    listed = content[column]
    for name, values in content.items():
        worths = {*_WORTHS} & {word.removesuffix("s") for word in words_of(name)}
        if worths and isinstance(values, list) and len(values) == len(listed) > 1 and all(map(is_number, values)):
            responses = [] if column == "responses" else [override("responses", column)]
            rank = ["data.format.lowest_is_best=true"] if worths & {*_RANKS} else []
            return [
                "data/format=scored_responses",
                *prompt_override(content),
                *responses,
                override("score", name),
                *rank,
            ]
    return []


def vote_beside(content: JsonObject, column: str) -> list[str]:
    """The overrides that read a list of two responses with a column that may say which one won; none without one.

    >>> vote_beside({"prompt": "p", "responses": ["x", "y"], "winner": "a"}, "responses")[1:3]
    ['data.format.first=responses.0', 'data.format.second=responses.1']
    """
    sides = Pair(f"{column}.0", f"{column}.1", ("first", "second"))
    for name, value in content.items():
        says = {*_LABELS, "chosen", "selected"} & {*words_of(name)}
        if not says or name == column or not isinstance(value, str | int | float):
            continue
        if says != {"label"} or not isinstance(value, str):  # a text may well name what the row is about
            names = [override("first", sides.first), override("second", sides.second)]
            return ["data/format=sides", *prompt_override(content), *names, *_wins(name, _values(value, sides))]
    return []


def _listed(content: JsonObject) -> list[str]:
    """The overrides of a row with a list of responses and what tells them apart."""
    for name, value in content.items():
        named = {part.removesuffix("s") for part in words_of(name)} & {*_RESPONSES, "candidate"}
        if named and isinstance(value, list) and len(value) > 1 and not is_one(value):
            vote = vote_beside(content, name) if len(value) == 2 else []
            if read := _rated(content, name) or (all(map(is_side, value)) and (numbers_beside(content, name) or vote)):
                return read
    return []


def _rated(content: JsonObject, column: str) -> list[str]:
    """The overrides of a list of objects, each with a response and a number for it.

    >>> _rated({"prompt": "p", "answers": [{"text": "x", "rank": 2}, {"text": "y", "rank": 1}]}, "answers")[2:5]
    ['data.format.responses=answers', 'data.format.response=text', 'data.format.score=rank']
    """
    first = content[column][0]
    texts = [
        name for name in (*_RESPONSES, "text", "content") if isinstance(first, Mapping) and is_side(first.get(name))
    ]
    scores = (
        [name for name, value in first.items() if {*_WORTHS} & {*words_of(name)} and is_number(value)] if texts else []
    )
    if not scores:
        return []
    names = {"prompt": prompt_name(content), "responses": column, "response": texts[0], "score": scores[0]}
    rank = ["data.format.lowest_is_best=true"] if {*_RANKS} & {*words_of(scores[0])} else []
    overrides = [override(key, name) for key, name in names.items()]
    return ["data/format=ultrafeedback", *overrides, *rank, "data.format.name=null", "'data.format.meta=[]'"]


def _single(content: JsonObject) -> list[str]:
    """The overrides of a row with one response and a number for it, which is paired with others of its prompt."""
    response = next((name for name in _RESPONSES if is_side(content.get(name)) and is_one(content[name])), None)
    scores = [name for name, value in content.items() if {*words_of(name)} & {"label", *_NUMBERS} and is_number(value)]
    if response is None or not scores:
        return []
    return [
        "data/format=unpaired",
        *prompt_override(content),
        override("response", response),
        override("score", scores[0]),
    ]


def _label(content: JsonObject, sides: Pair) -> list[str]:
    """The overrides for what says who won: two numbers, or a column with the values that its own value suggests."""
    for first, second in (_numbers(content, word, sides.words) for word in _NUMBERS):
        if first and second:
            return [f"'data.format.label=[{quoted(first)},{quoted(second)}]'"]
    named = [name for name in content if set(words_of(name)) & set(_LABELS) and name not in sides[:2]]
    if not named:
        return []
    values = {name: _values(content[name], sides) for name in named}
    column, (first, second) = next((item for item in values.items() if item[1] != _UNKNOWN), (named[0], _UNKNOWN))
    return _wins(column, (first, second))


def _wins(column: str, values: tuple[str, str]) -> list[str]:
    """The overrides for a column with the values that say who won."""
    keys = zip(("first_wins", "second_wins"), values, strict=True)
    return [override("label", column), *(f"'data.format.{key}=[{quoted(value)}]'" for key, value in keys)]


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
    numbers = [name for name in content if word in words_of(name) and is_number(content[name])]
    first, second = (next((name for name in numbers if side in words_of(name)), None) for side in sides)
    return first, second


def _pair(content: JsonObject, pairs: tuple[tuple[str, str], ...]) -> Pair | None:
    """The first two columns that may hold responses and whose names differ in the words of a pair alone."""
    named = {name: words_of(name) for name, value in content.items() if is_side(value)}
    for words in pairs:
        for name, parts in named.items():
            other = [words[1] if part == words[0] else part for part in parts]
            found = [second for second in named if other != parts and named[second] == other]
            if found:
                return Pair(name, found[0], words)
    return None
