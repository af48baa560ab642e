"""How much of a set was too long for a scorer."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CutBy:
    """What one scorer read of a set.

    Attributes:
        scorer: its name.
        data: name of the data set.
        split: of it.
        max_tokens: longest sequence of prompt and response that it reads.
        responses: of the set.
        cut: of these, how many lost tokens.
    """

    scorer: str
    data: str
    split: str
    max_tokens: int
    responses: int
    cut: int
