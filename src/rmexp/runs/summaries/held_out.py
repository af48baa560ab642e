"""Figures of one scorer on one slice of pairs that its model did not learn from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from rmexp.evaluation.measures.against_truth import AgainstTruth
from rmexp.runs.rows import IF_KNOWN

CHOSE = "chose the step"  # said of pairs whose validations did


class OfSplit(Protocol):
    """Figures of one split."""

    @property
    def split(self) -> str:
        """Its name."""

    @property
    def selected_on(self) -> bool | None:
        """Whether its pairs chose the weights that the figures are of."""


T = TypeVar("T", bound=OfSplit)


def headline_of(figures: Sequence[T]) -> T:
    """What stands for a data set: a split that chose nothing before one that did, then `test` before any other.

    Args:
        figures: of its splits, at least one.
    """
    return min(figures, key=lambda one: (bool(one.selected_on), one.split != "test"))


def split_name(name: str, selected_on: bool | None, learnt: str = "") -> str:
    """The name of a split, with the remarks that it chose the step and that it was learnt from.

    >>> split_name("val", True), split_name("test", None, "3 of 40 trained on")
    ('val (chose the step)', 'test (3 of 40 trained on)')
    """
    remarks = ", ".join(filter(None, (CHOSE if selected_on else "", learnt)))
    return f"{name} ({remarks})" if remarks else name


def learnt_words(trained_on: int | None, n: int) -> str:
    """What is said beside an accuracy of pairs some of which were trained on; nothing where none was.

    Args:
        trained_on: pairs of the training.
        n: pairs that the accuracy is of, which are those with a preference.
    """
    return f"{trained_on:,} of {n:,} trained on" if trained_on else ""


@dataclass(frozen=True, slots=True)
class HeldOutRow:
    """One row under `evaluation` of a trained run.

    Attributes:
        scorer: `explicit` or `implicit`.
        data: name of the data set.
        split: of it.
        slice: part of it, such as `difficulty=hard`; None for the whole.
        n: pairs.
        label_ties: pairs of them whose label is a tie.
        accuracy: share of the others in the right order, equal scores counting one half.
        accuracy_low: lower end of its 95 % interval.
        accuracy_high: upper end.
        tie_rate: share of them with equal scores.
        nll: mean of -log sigmoid(margin) towards the label, in nats.
        usable_bits: 1 - nll / ln 2.
        usable_bits_low: lower end of its 95 % interval.
        usable_bits_high: upper end.
        longer_accuracy: what "the longer response wins" gets.
        bayes_accuracy: the best that can be expected; None where the truth is not known, as for the next two.
        bayes_nll: the log-loss of the true probabilities.
        against_truth: how near to them the scorer comes.
        unscored: pairs that have no score; None in older files, as all up to `temperature`.
        left_out: pairs that the headline leaves out.
        clusters: how many of the pairs are independent of each other.
        few: whether fewer than ten of these are expected on the rarer side of the accuracy.
        method: of the intervals, in words.
        nll_low: lower end of the 95 % interval of nll.
        nll_high: upper end.
        brier: mean squared distance of sigmoid(margin) from the label.
        brier_low: lower end of its interval.
        brier_high: upper end.
        ece: expected calibration error.
        temperature: what margins must be divided by to be calibrated.
        truncated: pairs with a side that was cut; None for a slice, as for the next.
        identical: pairs whose sides were equal then.
        selected_on: whether validations of these pairs chose the weights that were kept; None where they did not.
        trained_on: pairs with a preference that the model was trained on, too; None where it was on none.
    """

    scorer: str = ""  # the first five are missing in figures of other programs
    data: str = ""
    split: str = ""
    slice: str | None = None
    n: int = 0
    label_ties: int = 0
    accuracy: float | None = None
    accuracy_low: float | None = None
    accuracy_high: float | None = None
    tie_rate: float | None = None
    nll: float | None = None
    usable_bits: float | None = None
    usable_bits_low: float | None = None
    usable_bits_high: float | None = None
    longer_accuracy: float | None = field(default=None, metadata=IF_KNOWN)
    bayes_accuracy: float | None = field(default=None, metadata=IF_KNOWN)
    bayes_nll: float | None = field(default=None, metadata=IF_KNOWN)
    against_truth: AgainstTruth | None = field(default=None, metadata=IF_KNOWN)
    unscored: int | None = field(default=None, metadata=IF_KNOWN)
    left_out: int | None = field(default=None, metadata=IF_KNOWN)
    clusters: int | None = field(default=None, metadata=IF_KNOWN)
    few: bool | None = field(default=None, metadata=IF_KNOWN)
    method: str | None = field(default=None, metadata=IF_KNOWN)
    nll_low: float | None = field(default=None, metadata=IF_KNOWN)
    nll_high: float | None = field(default=None, metadata=IF_KNOWN)
    brier: float | None = field(default=None, metadata=IF_KNOWN)
    brier_low: float | None = field(default=None, metadata=IF_KNOWN)
    brier_high: float | None = field(default=None, metadata=IF_KNOWN)
    ece: float | None = field(default=None, metadata=IF_KNOWN)
    temperature: float | None = field(default=None, metadata=IF_KNOWN)
    truncated: int | None = field(default=None, metadata=IF_KNOWN)
    identical: int | None = field(default=None, metadata=IF_KNOWN)
    selected_on: bool | None = field(default=None, metadata=IF_KNOWN)
    trained_on: int | None = field(default=None, metadata=IF_KNOWN)

    @property
    def labelled(self) -> int:
        """Pairs with a preference, which the accuracy is of."""
        return self.n - self.label_ties

    @property
    def learnt(self) -> str:
        """What is said beside the accuracy where its pairs were trained on."""
        return learnt_words(self.trained_on, self.labelled)

    @property
    def split_title(self) -> str:
        """The split, with the remarks on its pairs."""
        return split_name(self.split, self.selected_on, self.learnt)

    @property
    def place(self) -> str:
        """Data set, split and slice, in words."""
        return " ".join(filter(None, (self.data, self.split_title, self.slice)))
