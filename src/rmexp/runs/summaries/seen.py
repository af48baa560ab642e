"""How much of a set the models of scorers had seen before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rmexp.runs.rows import FLAT, IF_KNOWN
from rmexp.scored import MARKS, PAIR, PROMPT, VALIDATION

UNKNOWN = "unknown"
_UNTRAINED = ("baseline", "gold")  # kinds of scorers without a model


@dataclass(frozen=True, slots=True)
class Seen:
    """Records of one set, each counted once.

    Attributes:
        trained_on: pairs that were trained on, and lists with such a pair; `unknown` where no model says it, None where
            there is no model, or in older files.
        validated_on: others that were validated with; None where `trained_on` is no number, as for the next.
        prompts_trained_on: others whose prompt was trained on.
    """

    trained_on: int | str | None = field(default=None, metadata=IF_KNOWN)
    validated_on: int | None = field(default=None, metadata=IF_KNOWN)
    prompts_trained_on: int | None = field(default=None, metadata=IF_KNOWN)

    @property
    def pairs(self) -> int:
        """Of the training; 0 where nobody knows."""
        return self.trained_on if isinstance(self.trained_on, int) else 0


@dataclass(frozen=True, slots=True)
class SeenBy:
    """How much of a set one scorer had seen.

    Attributes:
        scorer: its name.
        data: name of the data set.
        split: of it.
        records: of the set.
        kept: whether the headline figures count what was trained on, as data.trained_on=keep says.
        seen: of the records.
    """

    scorer: str
    data: str
    split: str
    records: int
    kept: bool
    seen: Seen = field(default=Seen(), metadata=FLAT)


def seen_of(marks: Iterable[str | None], *scorers: Mapping[str, object]) -> Seen:
    """Count what is known of the records of a set.

    Args:
        marks: of each record, of `rmexp.records.MARKS`; None where nothing is known.
        scorers: that were asked, as they describe themselves.

    >>> seen_of(["pair", "no", "pair", "prompt"], {"kind": "explicit"})
    Seen(trained_on=2, validated_on=0, prompts_trained_on=1)
    """
    found = list(marks)
    if any(mark in MARKS for mark in found):
        return Seen(*(found.count(mark) for mark in (PAIR, VALIDATION, PROMPT)))
    return Seen() if all(scorer.get("kind") in _UNTRAINED for scorer in scorers) else Seen(UNKNOWN)
