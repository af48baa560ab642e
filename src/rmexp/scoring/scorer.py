"""What every scorer is: a thing with a name and a fingerprint that gives each response a number."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from rmexp.records import Record, Scored

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


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


def fingerprint_of(**parts: Any) -> str:
    """SHA-256 of plain data that decides a scorer's scores, as 16 hexadecimal digits.

    >>> fingerprint_of(kind="longer") == fingerprint_of(kind="shorter")
    False
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
