"""What is said of texts that were too long for a scorer."""

from rmexp.reports.drawing.numbers import count, counted
from rmexp.scored import ResponseCounts


def cut_sentence(scorer: str, max_tokens: int, counts: ResponseCounts) -> str:
    """How much a scorer reads, and how many responses were longer.

    >>> cut_sentence("explicit", 256, ResponseCounts(240, 480, truncated=31))
    'explicit reads at most 256 tokens (data.max_tokens): 31 of 480 responses were cut.'
    >>> cut_sentence("explicit", 256, ResponseCounts(240, 480, unscored=1))
    'explicit reads at most 256 tokens (data.max_tokens): 1 of 480 responses was longer and has no score.'
    """
    of = f"of {counted(counts.responses, 'response')}"
    told = [f"{count(counts.truncated)} {of} {_be(counts.truncated)} cut"] if counts.truncated else []
    told += (
        [f"{count(counts.unscored)} {of} {_be(counts.unscored)} longer and {_have(counts.unscored)} no score"]
        if counts.unscored
        else []
    )
    read = f"{scorer} reads at most {counted(max_tokens, 'token')} (data.max_tokens)"
    return f"{read}: {' and '.join(told) or 'nothing was cut'}."


def _be(number: int) -> str:
    return "was" if number == 1 else "were"


def _have(number: int) -> str:
    return "has" if number == 1 else "have"
