"""The figures of a scorer, with the set that they are of."""

from dataclasses import dataclass, field

from rmexp.evaluation.figures import Figures
from rmexp.runs.rows import FLAT


@dataclass(frozen=True, slots=True)
class Result:
    """One scorer on one slice of one set.

    Attributes:
        scorer: its name.
        data: name of the data set.
        split: of it.
        figures: of the scorer there.
    """

    scorer: str
    data: str
    split: str
    figures: Figures = field(metadata=FLAT)
