"""How well an accuracy can be known on the pairs that training would leave for evaluation."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rmexp.data.clusters import clusters_of
from rmexp.data.passes import column
from rmexp.metrics.preferred_side import is_tie
from rmexp.records import Preference
from rmexp.statistics.shares import share_bounds

MOST_DRAWS, MOST_DRAWN = 400, 2_000_000  # of a set of pairs; clusters of all of them


class Resolution(NamedTuple):
    """The split that a trained model would be judged on.

    No model is known yet, so both widths are those that its accuracy has where it is near 50 %: there an interval is
    widest. How alike a model finds the pairs of one cluster is not known either, which is why there are two.

    Attributes:
        split: its name; one that does not choose the step, where there is one, `test` before any other.
        pairs: in it, with a preference.
        clusters: how many of these are independent of each other.
        half_width: of the 95 % interval of an accuracy near 50 %, on average, in [0, 0.5], where the pairs of a cluster
            have nothing in common; None for fewer than two clusters, which have no interval.
        half_width_alike: the same where the pairs of a cluster are all right or all wrong.
    """

    split: str
    pairs: int
    clusters: int = 0  # not known in older files, as the last one; theirs is the width of a baseline's interval
    half_width: float | None = None
    half_width_alike: float | None = None


def resolution(splits: Mapping[str, Sequence[Preference]], group: str | None) -> Resolution | None:
    """What the split that a model is judged on can tell of its accuracy.

    Args:
        splits: pairs of each, as training has them.
        group: field whose values are independent of each other; the prompt when None.

    Returns:
        None where no split is evaluated on, or that one has no pair with a preference.
    """
    held_out = [name for name, records in splits.items() if name != "train" and len(records)]
    if not held_out:
        return None
    split = min(held_out, key=lambda name: (name == "val", name != "test"))
    records = splits[split]
    target = column(lambda some: [record.target for record in some], records, np.float64)
    _, sizes = np.unique(clusters_of(records, group)[~is_tie(target)], return_counts=True)
    if not len(sizes):
        return None
    return Resolution(split, int(sizes.sum()), len(sizes), *half_widths(sizes))


def half_widths(sizes: NDArray[Any]) -> tuple[float, float] | tuple[None, None]:
    """Half the 95 % interval of an accuracy near 50 %, on average: of pairs that have nothing in common, and of copies.

    Pairs are drawn right or wrong by a coin, one by one and cluster by cluster, and have the interval that every verb
    gives an accuracy. `tests/profile/test_resolution.py` compares it with the errors of simulated accuracies.

    Args:
        sizes: (G,) pairs of each cluster.

    >>> [round(half_width, 2) for half_width in half_widths(np.full(100, 1))]
    [0.1, 0.1]
    """
    if len(sizes) < 2:
        return None, None
    draws = np.random.default_rng(0)
    shape = min(MOST_DRAWS, max(1, MOST_DRAWN // len(sizes))), len(sizes)
    apart, alike = draws.binomial(sizes, 0.5, shape), draws.integers(0, 2, shape) * sizes
    return _half_width(apart, sizes), _half_width(alike, sizes)


def _half_width(right: NDArray[np.int64], sizes: NDArray[Any]) -> float:
    low, high = share_bounds(right, right, sizes)
    return float((high - low).mean()) / 2
