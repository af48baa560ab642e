"""What became of the examples of a split on their way into tokens."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the pairs of one split, or of its demonstrations; `pairs` = `kept` + `dropped` + `identical`.

    Attributes:
        pairs: read.
        kept: encoded, cut or whole.
        truncated: kept, with something cut from at least one side.
        dropped: longer than the limit under data.truncation=drop.
        identical: both sides equal once cut, so that nothing is left to learn.
        tokens: in the kept pairs, both sides.
    """

    pairs: int
    kept: int
    truncated: int
    dropped: int
    identical: int
    tokens: int
