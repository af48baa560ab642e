"""How much of a set a scorer read."""

from dataclasses import dataclass, field

from rmexp.runs.rows import FLAT
from rmexp.scored import ResponseCounts


@dataclass(frozen=True, slots=True)
class ReadBy:
    """What one scorer read of a set.

    Attributes:
        scorer: its name.
        data: name of the data set.
        split: of it.
        max_tokens: longest sequence of prompt and response that it reads.
        counts: of the set.
    """

    scorer: str
    data: str
    split: str
    max_tokens: int
    counts: ResponseCounts = field(metadata=FLAT)
