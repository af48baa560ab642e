"""The summary of inspecting a scorer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from rmexp.runs.rows import FLAT
from rmexp.runs.summaries.seen import Seen


@dataclass(frozen=True, slots=True)
class CheckMade:
    """What a check came to.

    Attributes:
        name: of it.
        verdict: `pass`, `warn`, `fail` or `skip`.
        says: the figures that the verdict rests on, as a sentence.
        rule: when the check warns or fails; empty in folders that did not write it down.
    """

    name: str
    verdict: str
    says: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class InspectSummary:
    """What became of every check.

    Attributes:
        data: name of the data set.
        pairs: that were looked at.
        scorer: as it describes itself.
        verdicts: how many checks have each.
        checks: in the order made.
        seconds: of the whole run.
        seen: pairs that the scorer's model had seen before.
    """

    verb: ClassVar[str] = "inspect"

    data: str
    pairs: int
    scorer: Mapping[str, object]
    verdicts: Mapping[str, int]
    checks: tuple[CheckMade, ...] = ()
    seconds: float = 0.0
    seen: Seen = field(default=Seen(), metadata=FLAT)
