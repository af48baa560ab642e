"""What every scorer is: a thing with a name and a fingerprint that gives each response a number."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from rmexp.called import called
from rmexp.records import Record, Scored

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_EVERY = ("name", "fingerprint", "stored", "log_odds", "tokenizer", "score", "describe")


class Scorer(Protocol):
    """Scores responses; whatever takes one scorer takes any.

    Attributes:
        reads: those arguments of it that name something to be read, and what: `model` for a folder or an address of
            one, else words for the file that must be there. A plain dict in the class, for it is read without import.
        name: of it, for files and tables.
        fingerprint: of all that decides its scores; two scorers with the same one give the same scores.
        stored: whether the scores are read from files: of whole sets of records alone.
        log_odds: whether the difference of two scores says how likely the first response is the better one: it is the
            log-odds, by the loss that the model was trained with or as far as anyone knows. Without it there are no
            figures of probabilities.
    """

    reads: ClassVar[Mapping[str, str]]
    name: str
    fingerprint: str
    stored: bool
    log_odds: bool

    @property
    def tokenizer(self) -> "PreTrainedTokenizerBase | None":
        """Whose tokens it reads; None where it reads text, or is several scorers."""
        ...

    def score(self, records: Sequence[Record]) -> Iterator[Scored]:
        """A finite score of every response, record by record in their order; none depends on the other records.

        None stands for a score where data.truncation=drop says that a sequence is not read, for it is too long.
        """
        ...

    def describe(self) -> dict[str, Any]:
        """For manifests: name, kind, fingerprint, and whatever else defines it."""
        ...


def checked_scorer(given: Any) -> Scorer:
    """What somebody's own class has made, if it is a scorer.

    Raises:
        ValueError: it lacks something that every scorer has.
    """
    made = called(type(given))
    lacks = [name for name in _EVERY if not hasattr(given, name)]
    if lacks:
        raise ValueError(f"{made} must have {', '.join(lacks)}, as every scorer has (see Extend; set scorer)")
    about = given.describe()
    lacks = [key for key in ("name", "kind", "fingerprint") if not isinstance(about, Mapping) or key not in about]
    if lacks:
        raise ValueError(f"{called(given.describe)} must give a dict with {', '.join(lacks)} (set scorer)")
    scorer: Scorer = given
    return scorer


def scored_rows(scorer: Scorer, records: Sequence[Record]) -> Iterator[Scored]:
    """The scores of records, one row each.

    Raises:
        ValueError: the scorer gives something else.
    """
    name = called(scorer.score)
    for record, row in zip_longest(records, scorer.score(records)):
        if record is None or row is None:
            few = "fewer" if row is None else "more"
            raise ValueError(f"{name} must give one row for each of {len(records)} records, got {few} (set scorer)")
        if not isinstance(row, Scored):
            raise ValueError(f"{name} must give Scored, got {type(row).__name__} (set scorer)")
        if len(row.scores) != len(record.responses):
            came = f"{len(row.scores)} for {len(record.responses)} responses of record {record.id}"
            raise ValueError(f"{name} must give a score of every response, got {came} (set scorer)")
        yield row


def fingerprint_of(**parts: Any) -> str:
    """SHA-256 of plain data that decides a scorer's scores, as 16 hexadecimal digits.

    >>> fingerprint_of(kind="longer") == fingerprint_of(kind="shorter")
    False
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
