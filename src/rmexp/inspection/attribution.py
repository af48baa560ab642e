"""Where in a response its reward comes from: after each token, and by leaving out each span."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from rmexp.inspection.check import Score, better_of, response_scores, worse_of
from rmexp.records import Preference, Prompt, prompt_text

MOST_PIECES = 160  # tokens of a response that are looked at: each costs a score
MOST_SPANS = 24
_WORDS = re.compile(r"\s*\S+|\s+$")
_SPANS = re.compile(r"\s*[^.!?\n;]*(?:[.!?;]+|\n|$)")


class Piece(NamedTuple):
    """A piece of a response.

    Attributes:
        text: of it; the pieces of a response make up its text.
        value: what is told of it.
    """

    text: str
    value: float


class Traced(NamedTuple):
    """A pair taken apart.

    Attributes:
        prompt: its text.
        margin: of the pair.
        after_each_token: for either response, better first, the reward of what stands up to and with each token, ended
            there.
        margin_by_span: for either response, how much of the margin goes when the span is left out; positive where the
            span speaks for the order that the labels give.
    """

    prompt: str
    margin: float
    after_each_token: tuple[list[Piece], list[Piece]]
    margin_by_span: tuple[list[Piece], list[Piece]]


def traced(score: Score, pair: Preference, tokenizer: Any | None) -> Traced:
    """Take a pair apart.

    Args:
        score: of records.
        pair: to be looked at.
        tokenizer: whose tokens are looked at; None for words.
    """
    sides = better_of(pair), worse_of(pair)
    better, worse = response_scores(score, [pair.prompt] * 2, sides)
    signs = (1.0, -1.0)  # a span of the worse response speaks for the order when its absence raises that response
    scores = (float(better), float(worse))
    return Traced(
        prompt_text(pair.prompt),
        scores[0] - scores[1],
        (_after(score, pair.prompt, sides[0], tokenizer), _after(score, pair.prompt, sides[1], tokenizer)),
        (
            _without(score, pair.prompt, sides[0], scores[0], signs[0]),
            _without(score, pair.prompt, sides[1], scores[1], signs[1]),
        ),
    )


def pieces(text: str, tokenizer: Any | None) -> list[str]:
    """A text cut after each token, the characters of several tokens together; or after each word.

    >>> pieces("Two words. ", None)
    ['Two', ' words.', ' ']
    """
    if tokenizer is None or not tokenizer.is_fast:  # a slow one does not tell where its tokens lie
        return _WORDS.findall(text)
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    ends = sorted({end for _, end in offsets if 0 < end < len(text)} | {len(text)})
    return [text[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def _after(score: Score, prompt: Prompt, text: str, tokenizer: Any | None) -> list[Piece]:
    parts = pieces(text, tokenizer)[:MOST_PIECES]
    starts = ["".join(parts[: count + 1]) for count in range(len(parts))]
    readable = [start for start in starts if start.strip()]
    values = dict(zip(readable, _scores(score, prompt, readable), strict=True))
    return [Piece(part, values[start]) for part, start in zip(parts, starts, strict=True) if start in values]


def _without(score: Score, prompt: Prompt, text: str, whole: float, sign: float) -> list[Piece]:
    spans = [span for span in _SPANS.findall(text) if span][:MOST_SPANS]
    spans = [*spans[:-1], spans[-1] + text[len("".join(spans)) :]]
    rest = ["".join(spans[:index] + spans[index + 1 :]) for index in range(len(spans))]
    if len(spans) < 2 or not all(left.strip() for left in rest):
        return [Piece(text, 0.0)]
    return [
        Piece(span, sign * (whole - value)) for span, value in zip(spans, _scores(score, prompt, rest), strict=True)
    ]


def _scores(score: Score, prompt: Prompt, texts: Sequence[str]) -> list[float]:
    return [float(value) for value in response_scores(score, [prompt] * len(texts), texts)] if texts else []
