"""The held-out pairs of a run as its folder has them, for its page."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rmexp.evaluation.measures.orientation import preferred_first
from rmexp.evaluation.per_pair import PairRow, read_pairs
from rmexp.jsonl import parse_row
from rmexp.lines import read_lines
from rmexp.reports.run.content import SamplePair, ScoredSet, headline
from rmexp.runs.results import SAMPLES
from rmexp.runs.rows import from_row
from rmexp.runs.summaries.train import TrainSummary
from rmexp.scoring.scored_file import read_scored

MOST_WORST = 10  # pairs on the page


def scored_set(folder: Path, summary: TrainSummary | None) -> ScoredSet | None:
    """The set that the headline of a run is of; None where it has none, or left no scores."""
    row = None if summary is None else headline(summary)
    if row is None:
        return None
    pairs = [pair for pair in read_pairs(folder) if (pair.data, pair.split) == (row.data, row.split)]
    if not pairs:
        return None
    worst = [one for one in _samples(folder) if (one.data, one.split, one.judged) == (row.data, row.split, "worst")]
    margin, target = np.array([(pair.margin, pair.target) for pair in pairs], np.float64).T
    return ScoredSet(row, margin, target, _rewards(folder / "scored" / f"{row.split}.jsonl", pairs), worst[:MOST_WORST])


def _rewards(path: Path, pairs: list[PairRow]) -> NDArray[np.float64]:
    """(M, 2) rewards of the better and of the other response of each pair; those of labelled ties as listed."""
    if not path.is_file():
        return np.empty((0, 2))
    scores = {row.id: row.scores for row in read_scored(path)[0]}
    found = [(scores[pair.id], pair.target) for pair in pairs if pair.id in scores]
    rewards = np.array([both for both, _ in found], np.float64).reshape(-1, 2)
    oriented: NDArray[np.float64] = preferred_first(rewards, np.array([target for _, target in found]))
    return oriented


def _samples(folder: Path) -> Iterator[SamplePair]:
    path = folder / SAMPLES
    for line in read_lines(path) if path.is_file() else ():
        yield from_row(SamplePair, parse_row(path, *line))
