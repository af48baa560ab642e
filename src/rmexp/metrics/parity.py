"""Whether two programs give one model the same scores."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parity:
    """How far a model folder, read by another program, is from what it was made of.

    Attributes:
        examples: conversations compared.
        largest_difference: of two scores of one conversation.
        largest_score: in magnitude.
        tolerance: that the difference had to stay below.
    """

    examples: int
    largest_difference: float
    largest_score: float
    tolerance: float
