"""What a scorer told about each pair: `usable_information.jsonl` of a run."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from rmexp.evaluation.measures.usable_information import usable_bits
from rmexp.evaluation.scores import Scores
from rmexp.evaluation.slices import DIFFICULTY
from rmexp.evaluation.test_set import TestSet
from rmexp.jsonl import parse_row, write_rows
from rmexp.lines import read_lines

FILE = "usable_information.jsonl"


@dataclass(frozen=True, slots=True)
class PairRow:
    """One pair that a scorer has scored.

    Attributes:
        id: of the pair.
        data: name of the data set.
        split: of it.
        bin: how difficult the pair is; None where nobody has measured it.
        cluster: number of what it depends on, within its data set and split; None in files that do not know it.
        margin: score of the response listed first minus that of the second.
        target: probability that the first is the better one.
        bits: usable information, at most 1.
    """

    id: str
    data: str
    split: str
    bin: str | None
    cluster: int | None
    margin: float
    target: float
    bits: float


def pair_rows(test: TestSet, scores: Scores) -> Iterator[PairRow]:
    """The pairs of a set that have a score, in their order.

    Args:
        test: set of pairs.
        scores: of one scorer, on the scale of log-odds.
    """
    bins = test.parts.get(DIFFICULTY, {})
    pairs, known = test.pairs, np.flatnonzero(~np.isnan(scores.margin))
    margin, target, clusters = scores.margin[known], test.target[known], test.clusters[known]
    columns = (
        known.tolist(),
        clusters.tolist(),
        margin.tolist(),
        target.tolist(),
        usable_bits(margin, target).tolist(),
    )
    for place, *figures in zip(*columns, strict=True):
        name = pairs[place].id
        yield PairRow(name, test.data, test.split, bins.get(name), *figures)


def write_pairs(folder: Path, rows: Iterable[PairRow]) -> None:
    """Leave the pairs in a run folder."""
    write_rows(folder / FILE, map(asdict, rows))


def read_pairs(folder: Path) -> list[PairRow]:
    """The pairs of a run folder, in their order; none where it left no file."""
    path = folder / FILE
    if not path.is_file():
        return []
    rows = (parse_row(path, number, line) for number, line in read_lines(path))
    return [PairRow(**{one.name: row.get(one.name) for one in fields(PairRow)}) for row in rows]  # type: ignore[arg-type]
