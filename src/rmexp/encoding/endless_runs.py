"""Words without end, which no language has: to learn a tokenizer from them takes minutes, and teaches nothing."""

import re

LONGEST = 1000  # letters, digits, signs or white space in a row
_RUNS = "|".join(f"{kind}{{{LONGEST + 1},}}" for kind in (r"[^\W\d_]", r"\d", r"(?:[^\w\s]|_)", r"\s"))
_ENDLESS = re.compile(_RUNS)


def without_endless_runs(text: str) -> str:
    """A text of which longer runs of one kind of character keep their first `LONGEST`.

    >>> len(without_endless_runs("a b " + "c" * 9999)), without_endless_runs("as it is")
    (1004, 'as it is')
    """
    return _ENDLESS.sub(lambda run: run[0][:LONGEST], text)
