"""Two scorers on the same pairs: which is right more often, and by how much more than chance allows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from rmexp.evaluation.figures import Row
from rmexp.jsonl import JsonObject
from rmexp.statistics.means import Estimate
from rmexp.statistics.multiple_tests import holm


@dataclass(frozen=True, slots=True)
class Paired:
    """First scorer minus second on one slice, over the pairs with a preference that both have scored.

    Attributes:
        first: name of the one.
        second: of the other.
        slice: its name; None for the whole set.
        n: pairs.
        unscored: pairs with a preference that have no score by one of the two.
        both_right: pairs that both order as the label does.
        both_wrong: pairs that both order the other way.
        first_alone: pairs on which the first earns more: it is right and the second is not, or it gives equal scores
            where the second is wrong.
        second_alone: likewise the second.
        difference: of the accuracies, equal scores counting one half, with the p-value that it is 0.
        nll_difference: of the log-losses, in nats, below 0 where the first is better; None unless both are log-odds.
        mcnemar_p: of the exact test; None where pairs of a cluster depend on each other, or too few differ.
        method: of interval and p, in words.
        p_holm: p of the difference, adjusted over the slices of the two.
        mcnemar_p_holm: likewise.
    """

    first: str
    second: str
    slice: str | None
    n: int
    unscored: int
    both_right: int
    both_wrong: int
    first_alone: int
    second_alone: int
    difference: Estimate
    nll_difference: Estimate | None
    mcnemar_p: float | None
    method: str
    p_holm: float | None = None
    mcnemar_p_holm: float | None = None

    def to_row(self) -> Row:
        """All but the names of the scorers and of the set, as files hold it."""
        own = ("slice", "n", "unscored", "both_right", "both_wrong", "first_alone", "second_alone")
        loss = self.nll_difference
        return {
            **{name: getattr(self, name) for name in own},
            "difference": self.difference.value,
            "difference_low": self.difference.low,
            "difference_high": self.difference.high,
            "few": self.difference.few,
            "method": self.method,
            "bootstrap_p": self.difference.p,  # a name that older files have, for the one p of the row
            "bootstrap_p_holm": self.p_holm,
            "mcnemar_p": self.mcnemar_p,
            "mcnemar_p_holm": self.mcnemar_p_holm,
            "nll_difference": loss and loss.value,
            "nll_difference_low": loss and loss.low,
            "nll_difference_high": loss and loss.high,
        }

    @classmethod
    def from_row(cls, row: JsonObject) -> Self:
        """What `to_row` made, or a row of an older file."""
        counts = {name: row[name] for name in ("both_right", "both_wrong", "first_alone", "second_alone")}
        value, low, high = (row.get(f"difference{end}") for end in ("", "_low", "_high"))
        loss, loss_low, loss_high = (row.get(f"nll_difference{end}") for end in ("", "_low", "_high"))
        return cls(
            row["first"],
            row["second"],
            row.get("slice"),
            row["n"],
            row.get("unscored") or 0,
            **counts,
            difference=Estimate(value, low, high, row.get("bootstrap_p"), 0, bool(row.get("few"))),
            nll_difference=None if loss is None else Estimate(loss, loss_low, loss_high, None, 0, False),
            mcnemar_p=row.get("mcnemar_p"),
            method=row.get("method", ""),
            p_holm=row.get("bootstrap_p_holm"),
            mcnemar_p_holm=row.get("mcnemar_p_holm"),
        )


def adjusted(rows: Sequence[Paired]) -> list[Paired]:
    """The slices of two scorers with their p-values adjusted for the number of slices.

    Args:
        rows: one a slice.
    """
    p = _adjusted([row.difference.p for row in rows])
    exact = _adjusted([row.mcnemar_p for row in rows])
    return [replace(row, p_holm=a, mcnemar_p_holm=b) for row, a, b in zip(rows, p, exact, strict=True)]


def _adjusted(values: Sequence[float | None]) -> list[float | None]:
    found = iter(holm([value for value in values if value is not None]))
    return [None if value is None else next(found) for value in values]
