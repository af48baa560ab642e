"""What must not change a score: the side that a response stands on, its batch, its order, its company."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rmexp.inspection.check import FAIL, PASS, Array, Check, Score
from rmexp.records import Preference

# Of the scores' standard deviation: far above what the order of additions does in that precision.
TOLERANCE, COARSE_TOLERANCE = 1e-3, 5e-2
ALONE = 12  # pairs that are scored one by one


def swapped_sides(score: Score, pairs: Sequence[Preference], tolerance: float) -> Check:
    """Whether exchanging the responses flips the margin and changes nothing else."""
    before = _scores(score, pairs)
    turned = [replace(pair, chosen=pair.rejected, rejected=pair.chosen, id="") for pair in pairs]
    return _compared("swapped sides", before[:, ::-1], _scores(score, turned), "the sides are exchanged", tolerance)


def batching(score: Score, pairs: Sequence[Preference], tolerance: float) -> Check:
    """Whether scores depend on batch size, order or padding: a few pairs all together, backwards, and one by one."""
    together = _scores(score, pairs)[:ALONE]
    few = list(pairs[:ALONE])
    backwards = _scores(score, few[::-1])[::-1]
    alone = np.concatenate([_scores(score, [pair]) for pair in few])
    worst = max((backwards, alone), key=lambda found: float(np.abs(found - together).max()))
    return _compared(
        "batch size, order, padding", together, worst, "pairs are scored one by one or backwards", tolerance
    )


def _scores(score: Score, pairs: Sequence[Preference]) -> Array:
    return np.array([row.numbers for row in score(pairs)], dtype=np.float64)


def _compared(name: str, expected: Array, found: Array, change: str, tolerance: float) -> Check:
    worst, sd = float(np.abs(found - expected).max()), float(expected.std())
    allowed = tolerance * sd if sd else 1e-6
    verdict = PASS if worst <= allowed else FAIL
    says = f"When {change}, scores move by {worst:.2g} at most, where {allowed:.2g} is allowed for rounding."
    return Check(name, verdict, says, {"largest_change": worst, "allowed": allowed})
