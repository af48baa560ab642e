"""How well an accuracy can be known on the pairs that training would leave for evaluation."""

import math
from collections.abc import Mapping
from typing import NamedTuple

from rmexp.profile.baselines import Baseline


class Resolution(NamedTuple):
    """The split that a trained model would be judged on.

    Attributes:
        split: its name, `test` where there is one, else `val`.
        pairs: in it.
        half_width: of the 95 % interval of an accuracy there, about; in [0, 1].
    """

    split: str
    pairs: int
    half_width: float


def resolution(baseline: Baseline, sets: Mapping[str, int]) -> Resolution | None:
    """The interval of a baseline over all pairs, widened to the pairs of the split by the root of their number.

    That keeps what clusters cost; a split of few clusters has a wider interval still.

    Args:
        baseline: over all pairs.
        sets: pairs of each split that is evaluated on, by name.

    Returns:
        None where there is no such split, or the baseline has no interval.

    >>> resolution(Baseline("longer", 400, 0.625, 0.5, 0.75, 0.0), {"val": 100})
    Resolution(split='val', pairs=100, half_width=0.25)
    """
    split = next((name for name in ("test", "val") if sets.get(name)), None)
    if split is None or baseline.low is None or baseline.high is None:
        return None
    half_width = (baseline.high - baseline.low) / 2 * math.sqrt(baseline.n / sets[split])
    return Resolution(split, sets[split], min(0.5, half_width))
