"""What the summary of a comparison says of each set of pairs that both rewards have ordered."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rmexp.comparison.agreement import Agreement
from rmexp.comparison.flips import FlipKind
from rmexp.runs.rows import FLAT


@dataclass(frozen=True, slots=True)
class BothAccuracies:
    """Of the reward model and of the implicit reward."""

    explicit: float | None
    implicit: float | None


@dataclass(frozen=True, slots=True)
class SliceFigures:
    """Both rewards on the pairs of one slice.

    Attributes:
        slice: its name; None for all pairs.
        explicit: figures of the reward model, by their names in evaluation.json.
        implicit: of the implicit reward.
        paired: the first against the second.
        agreement: in order, rank and correctness.
    """

    slice: str | None
    explicit: Mapping[str, float | None]
    implicit: Mapping[str, float | None]
    paired: Mapping[str, object]
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class SetFigures:
    """Both rewards on one set of pairs; see `ComparedSet`.

    Attributes:
        name: of it.
        kind: `held_out`, `tokens` or `domain`.
        split: that the pairs are of.
        pairs: with a preference.
        looked_at: pairs of which these are those that the shift changes.
        explicit_nll_at_first: log-loss of the reward model at the temperature fitted on the first set.
        implicit_nll_at_first: the same of the implicit reward.
        before: accuracies of the same pairs before their tokens were shifted.
        flips: how often the mean over all tokens orders a pair otherwise than the sum over the response.
        slices: parts of it.
        whole: all pairs.
    """

    name: str
    kind: str
    split: str
    pairs: int
    looked_at: int
    explicit_nll_at_first: float | None
    implicit_nll_at_first: float | None
    before: BothAccuracies | None
    flips: tuple[FlipKind, ...]
    slices: tuple[SliceFigures, ...]
    whole: SliceFigures = field(metadata=FLAT)
