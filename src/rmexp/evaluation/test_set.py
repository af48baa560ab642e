"""What scorers are judged on: pairs, or lists of responses, and all that a figure may depend on beside the scores.

Shapes: N records, K responses of the longest list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import ClassVar, Literal, cast

import numpy as np
from numpy.typing import NDArray

from rmexp.data.clusters import clusters_of
from rmexp.data.passes import column
from rmexp.data.text_measures import markdown_marks
from rmexp.evaluation.measures.ceiling import Truth, known_truth
from rmexp.evaluation.slices import NO_SLICES, TRAINED_ON, Parts, Slicing, slices_of
from rmexp.preference_data import Aggregate
from rmexp.records import Candidates, Preference, Record
from rmexp.stored_records import labels_of

Kind = Literal["held_out", "tokens", "domain"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the records of a test set are from.

    Attributes:
        data: name of the data set.
        split: name of the split, or of the set of lists.
        kind: `held_out` of the data at hand, the same in other `tokens`, or of another `domain`.
        group: field whose values are independent of each other; None for the prompt.
        aggregate: what a public benchmark itself makes of scores; None for other data.
    """

    data: str
    split: str
    kind: Kind = "held_out"
    group: str | None = None
    aggregate: Aggregate | None = None


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no single truth value
class TestSet:
    """One split of one data set: pairs, or lists whose worth is known.

    Attributes:
        origin: where the records are from.
        records: N pairs, or N lists.
        clusters: (N,) numbers of what is independent of each other.
        slices: (N,) which records each part has, by its name; all of them under None, which comes first.
        headline: (N,) which records figures count; the others are told and left out.
        parts: of each record by its id, by what tells them apart, such as `difficulty`.
        target: (N,) probability that the response listed first is the better one; empty for lists.
        characters: (N, 2) length of both responses; empty for lists.
        markdown: (N, 2) markdown marks in both; empty for lists.
        truth: true probabilities of the labels, NaN where one is not known; None where none is.
        gold: (N, K) worth of the responses of each list, NaN beyond its end; None for pairs.
    """

    __test__: ClassVar[bool] = False  # pytest takes classes of this name for its own

    origin: Origin
    records: Sequence[Record]
    clusters: NDArray[np.int64]
    slices: Mapping[str | None, NDArray[np.bool_]]
    headline: NDArray[np.bool_]
    parts: Parts
    target: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    characters: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))
    markdown: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))
    truth: Truth | None = None
    gold: NDArray[np.float64] | None = None

    @property
    def data(self) -> str:
        """Name of the data set."""
        return self.origin.data

    @property
    def split(self) -> str:
        """Name of the split, or of the set of lists."""
        return self.origin.split

    @property
    def title(self) -> str:
        """Data set and split, for readers."""
        return f"{self.data} {self.split}"

    @property
    def responses(self) -> int:
        """How many the longest record has."""
        return 2 if self.gold is None else self.gold.shape[1]

    @property
    def pairs(self) -> Sequence[Preference]:
        """The records, when they are pairs; else none."""
        return () if self.gold is not None else cast(Sequence[Preference], self.records)

    def truth_of(self, kept: NDArray[np.bool_]) -> Truth | None:
        """What is known of some of the pairs; None unless it is known of all of them."""
        found = None if self.truth is None else self.truth.of(kept)
        return None if found is None or np.isnan(found.probability).any() else found

    def inside(self, part: str | None = None) -> NDArray[np.bool_]:
        """(N,) which records the figures of a slice are of, scored or not; what was trained on is of its own alone."""
        return self.slices[part] if part == TRAINED_ON else self.slices[part] & self.headline


def as_test_set(origin: Origin, records: Sequence[Record], slicing: Slicing = NO_SLICES) -> TestSet:
    """Measure records and part them into slices.

    Args:
        origin: of the records.
        records: N pairs, or N lists, each with the worth of its responses.
        slicing: what is looked at by itself; lists have no parts by length.

    Raises:
        ValueError: a record lacks a field, or its part or its worth is not known.
    """
    lists = bool(records) and isinstance(records[0], Candidates)
    gold = _worth(cast(Sequence[Candidates], records)) if lists else None
    pairs = () if lists else cast(Sequence[Preference], records)
    measured = column(lambda some: [*map(_measures, some)], pairs, np.int64, 5)
    lengths, markdown = measured[:, :4].reshape(-1, 2, 2).transpose(2, 0, 1)
    truth = known_truth(pairs, measured[:, 4] > 0)
    target = labels_of(pairs).target
    clusters = clusters_of(records, origin.group)
    slices = slices_of(slicing, records, lengths, target)
    headline = np.ones(len(records), dtype=bool)
    return TestSet(origin, records, clusters, slices, headline, slicing.parts, target, lengths, markdown, truth, gold)


def _measures(pair: Preference) -> tuple[int, ...]:
    """Characters and markdown marks of the first response, of the second, and whether its true probability is told."""
    each = ((len(text), markdown_marks(text)) for text in pair.responses)
    return (*chain.from_iterable(each), "true_probability" in pair.meta)


def _worth(lists: Sequence[Candidates]) -> NDArray[np.float64]:
    unknown = next((record.id for record in lists if record.gold is None), None)
    if unknown is not None:
        raise ValueError(f"the worth of the responses of list {unknown} is not known; give each a number in `gold`")
    return padded([record.gold or () for record in lists])


def padded(rows: Sequence[Sequence[float | None]], width: int = 0) -> NDArray[np.float64]:
    """(N, K) the numbers of rows of different length, NaN where there is none.

    Args:
        rows: N of them.
        width: least K.

    >>> padded([[1.0], [2.0, None]]).tolist()
    [[1.0, nan], [2.0, nan]]
    """
    result = np.full((len(rows), max([width, *map(len, rows)])), np.nan)
    for place, row in enumerate(rows):
        result[place, : len(row)] = row
    return result
