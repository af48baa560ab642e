"""The figures of one scorer on one slice of a test set."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import log
from typing import Self, TypeVar

from rmexp.evaluation.measures.against_truth import AgainstTruth
from rmexp.evaluation.measures.calibration import Calibration
from rmexp.evaluation.measures.ceiling import Ceiling
from rmexp.evaluation.measures.margins import MarginDistribution
from rmexp.evaluation.measures.slopes import Slope
from rmexp.evaluation.picks import Picks
from rmexp.jsonl import JsonObject
from rmexp.statistics.means import Estimate
from rmexp.statistics.shares import Share

Row = dict[str, object]  # of a JSON file

_NO_ESTIMATE = Estimate(None, None, None, None, 0, False)
_NO_CALIBRATION = Calibration(None, None, None, None, None, None, None)

T = TypeVar("T")


def interval_words(method: str, group: str | None) -> str:
    """How an interval is made, and of what it takes as independent: prompts, or the values of a field.

    >>> interval_words("Student's t", None)
    "95 % by prompt: Student's t"
    """
    return f"95 % by {group or 'prompt'}: {method}"


@dataclass(frozen=True, slots=True)
class Probabilities:
    """How far margins can be taken for log-odds.

    Attributes:
        nll: mean of -log sigmoid(margin) towards the label, in nats; ln 2 = 0.693 is a coin.
        brier: mean squared distance of sigmoid(margin) from the label.
        calibration: whether the probabilities are what they say.
        against_truth: how near they come to the true ones; None where these are not known.
    """

    nll: Estimate
    brier: Estimate
    calibration: Calibration
    against_truth: AgainstTruth | None

    @property
    def usable_bits(self) -> Estimate:
        """1 - nll / ln 2, in bits: 0 is a coin, 1 is certainty."""
        value, high, low = (None if end is None else 1 - end / log(2) for end in _ends(self.nll))
        return Estimate(value, low, high, None, self.nll.clusters, self.nll.few)


@dataclass(frozen=True, slots=True)
class Figures:
    """One scorer on one slice; None where there is nothing to count.

    Attributes:
        scorer: its name.
        slice: its name; None for the whole set.
        rule: whether the scorer stands by as a rule that knows nothing of content.
        n: pairs, or lists, that it has scored; all other figures are of these.
        unscored: pairs, or lists, that have no score.
        left_out: pairs, or lists, of the slice that the headline leaves out.
        label_ties: pairs whose label is a tie: they count for log-loss and Brier score, not for the accuracy.
        clusters: how many of them are independent of each other.
        accuracy: share in the right order, equal scores counting one half; of lists, picks that are the best.
        tie_rate: share of the same pairs, or lists, with equal scores.
        method: of the intervals, in words.
        probabilities: None for lists and where scores are no log-odds.
        margin: where the margins lie; None for lists.
        slopes: what is paid for length, markdown and position; empty for lists.
        longer: accuracy of "the one with more characters is better" on the same pairs; None for lists.
        ceiling: the best that any scorer can expect; None where the truth is not known.
        picks: what the picks are worth; None for pairs.
    """

    scorer: str
    slice: str | None
    rule: bool
    n: int
    unscored: int
    left_out: int
    label_ties: int
    clusters: int
    accuracy: Share
    tie_rate: float | None
    method: str
    probabilities: Probabilities | None = None
    margin: MarginDistribution | None = None
    slopes: Mapping[str, Slope | None] | None = None
    longer: float | None = None
    ceiling: Ceiling | None = None
    picks: Picks | None = None

    @property
    def records(self) -> str:
        """What is counted: `pairs` or `lists`."""
        return "pairs" if self.picks is None else "lists"

    def to_row(self) -> Row:
        """All but the scorer's name and the set's, as files hold it."""
        own = ("n", "unscored", "left_out", "label_ties", "clusters")
        return {
            "slice": self.slice,
            "records": self.records,
            "baseline": self.rule,
            **{name: getattr(self, name) for name in own},
            "accuracy": self.accuracy.value,
            "accuracy_low": self.accuracy.low,
            "accuracy_high": self.accuracy.high,
            "accuracy_bootstrap_low": self.accuracy.low,  # the same interval, for readers of older files
            "accuracy_bootstrap_high": self.accuracy.high,
            "few": self.accuracy.few,
            "tie_rate": self.tie_rate,
            "method": self.method,
            **_of_probabilities(self.probabilities),
            **({} if self.picks is None else asdict(self.picks)),
            **({} if self.margin is None else self._of_pairs(self.margin)),
        }

    def _of_pairs(self, margin: MarginDistribution) -> Row:
        row: Row = {**asdict(margin), "longer_accuracy": self.longer}
        row["slopes"] = {name: slope and asdict(slope) for name, slope in (self.slopes or {}).items()}
        if self.ceiling is not None:
            found = self.probabilities and self.probabilities.against_truth
            row |= {"bayes_accuracy": self.ceiling.bayes_accuracy, "bayes_nll": self.ceiling.bayes_nll}
            row["against_truth"] = found and asdict(found)
        return row

    @classmethod
    def from_row(cls, row: JsonObject) -> Self:
        """What `to_row` made, or a row of an older file, with None for what it does not have."""
        lists, slopes = row.get("records") == "lists", row.get("slopes") or {}
        counts = {name: row.get(name) or 0 for name in ("unscored", "left_out", "label_ties", "clusters")}
        value, low, high = (row.get(f"accuracy{end}") for end in ("", "_low", "_high"))
        labelled = row["n"] - counts["label_ties"]
        return cls(
            row["scorer"],
            row.get("slice"),
            bool(row.get("baseline")),
            row["n"],
            **counts,
            accuracy=Share(labelled, value, low, high, counts["clusters"], bool(row.get("few"))),
            tie_rate=row.get("tie_rate"),
            method=row.get("method", ""),
            probabilities=None if row.get("nll") is None else _probabilities(row),
            margin=None if lists else _read(MarginDistribution, row),
            slopes=None if lists else {name: slope and _read(Slope, slope) for name, slope in slopes.items()},
            longer=row.get("longer_accuracy"),
            ceiling=_read(Ceiling, row) if row.get("bayes_nll") is not None else None,
            picks=_read(Picks, row) if lists else None,
        )


def _of_probabilities(found: Probabilities | None) -> Row:
    """With None for each where there are none."""
    nll, bits, brier, calibration = (
        (_NO_ESTIMATE, _NO_ESTIMATE, _NO_ESTIMATE, _NO_CALIBRATION)
        if found is None
        else (found.nll, found.usable_bits, found.brier, found.calibration)
    )
    row: Row = {}
    for name, one in (("nll", nll), ("usable_bits", bits), ("brier", brier)):
        row |= {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
    return row | asdict(calibration)


def _probabilities(row: JsonObject) -> Probabilities:
    def estimate(name: str) -> Estimate:
        value, low, high = (row.get(f"{name}{end}") for end in ("", "_low", "_high"))
        return Estimate(value, low, high, None, row.get("clusters") or 0, False)

    truth = row.get("against_truth")
    return Probabilities(
        estimate("nll"), estimate("brier"), _read(Calibration, row), truth and _read(AgainstTruth, truth)
    )


def _read(kind: type[T], row: JsonObject) -> T:
    """A record whose fields are keys of a row; lists become tuples, what is missing None."""
    found = {one.name: row.get(one.name) for one in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in found.items()})


def _ends(one: Estimate) -> tuple[float | None, float | None, float | None]:
    return one.value, one.low, one.high
