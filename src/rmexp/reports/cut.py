"""What is said of texts that were too long for a scorer."""

from rmexp.reports.drawing.numbers import count, counted
from rmexp.runs.summaries.cut import CutBy


def cut_sentence(found: CutBy) -> str:
    """How much a scorer reads, and how much of a set was longer.

    >>> cut_sentence(CutBy("explicit", "pairs", "test", 256, 480, 31))
    'explicit reads at most 256 tokens (data.max_tokens): 31 of 480 responses were cut.'
    """
    cut = f"{count(found.cut)} of {counted(found.responses, 'response')} were cut" if found.cut else "nothing was cut"
    return f"{found.scorer} reads at most {counted(found.max_tokens, 'token')} (data.max_tokens): {cut}."
