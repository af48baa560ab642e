"""The summary of filtering records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from rmexp.runs.rows import FLAT
from rmexp.runs.summaries.seen import Seen
from rmexp.selection.filter_quality import FilterQuality


@dataclass(frozen=True, slots=True)
class FilterSummary:
    """What was kept, and why the rest was not.

    Attributes:
        data: name of the data set.
        unit: what is kept or dropped: `pair` or `response`.
        units: of them.
        kept: of them.
        rules: kept ones under `kept`, and how many each rule dropped.
        scorers: that were asked, as they describe themselves.
        noise: how well wrong labels were found; None where nothing is known of them.
        seconds: of the whole run.
        seen: records that models of the scorers had seen before.
    """

    verb: ClassVar[str] = "filter"

    data: str
    unit: str
    units: int
    kept: int
    rules: Mapping[str, int]
    scorers: tuple[Mapping[str, object], ...]
    noise: FilterQuality | None
    seconds: float = 0.0
    seen: Seen = field(default=Seen(), metadata=FLAT)
