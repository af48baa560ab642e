"""Two comments on one post with their votes.

Source: Ethayarajh et al. 2022, "Understanding dataset difficulty with V-usable information"; the data set
stanfordnlp/SHP.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

from rmexp.jsonl import JsonObject
from rmexp.ranges import check_ranges
from rmexp.records import Preference
from rmexp.sources.rows import LeftOut, Outcome, Row, extras, field, number, row_by_row


@dataclass(frozen=True, kw_only=True)
class Shp:
    """The columns `history`, `human_ref_A`, `human_ref_B`, `labels`, `score_A`, `score_B`, `score_ratio`, `post_id`.

    The margin is the natural logarithm of the ratio of votes; pairs of one post share `meta.group`.

    Attributes:
        min_ratio: of the votes, at least 1; pairs below it are left out.
        soft: whether `target` is the share of the votes of the better comment, instead of 1.
        meta: further columns to keep.
    """

    min_ratio: Annotated[float, "at least 1"]
    soft: bool
    meta: list[str]

    by_row: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_ranges(self, "data.format")

    def __call__(self, rows: Iterable[Row]) -> Iterator[tuple[Row, Outcome]]:
        """Make at most one pair of each row."""
        return row_by_row(rows, self._pair)

    def _pair(self, content: JsonObject) -> Iterator[Preference | LeftOut]:
        label, ratio = number(content, "labels"), number(content, "score_ratio")
        if label not in (0, 1):
            raise ValueError(f"`labels` must be 1 (A is better) or 0 (B is better), got {label:g}")
        if ratio < 1:
            raise ValueError(f"`score_ratio` must be at least 1, got {ratio:g}")
        if ratio < self.min_ratio:
            yield LeftOut(f"vote ratio below data.format.min_ratio={self.min_ratio:g}")
            return
        better, worse = ("A", "B") if label else ("B", "A")
        votes = [number(content, f"score_{side}") for side in (better, worse)]
        if votes[0] < votes[1]:
            raise ValueError(
                f"`labels` prefers {better}, but `score_{better}` is {votes[0]:g} and less than {votes[1]:g}"
            )
        yield Preference(
            field(content, "history"),
            field(content, f"human_ref_{better}"),
            field(content, f"human_ref_{worse}"),
            target=votes[0] / sum(votes) if self.soft and min(votes) > 0 else 1.0,
            margin=math.log(ratio),
            meta={"group": field(content, "post_id"), "votes": votes} | extras(content, self.meta),
        )
