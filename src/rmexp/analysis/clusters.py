"""Pairs that belong together, and intervals that do not count them as independent."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import count
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from rmexp.analysis.intervals import Share, wilson
from rmexp.data.split import group_key
from rmexp.records import Preference


def clusters_of(records: Sequence[Preference], group: str | None) -> NDArray[np.int64]:
    """(N,) the number of each pair's cluster: its prompt, its responses where the prompt is empty, or its group.

    Args:
        records: N pairs.
        group: field such as `meta.topic`; the prompt when None.

    Raises:
        ValueError: a record does not have the field.
    """
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    keys = (group_key(record, group) for record in records)
    return np.fromiter((numbers[key] for key in keys), dtype=np.int64, count=len(records))


def clustered_share(credit: ArrayLike, clusters: NDArray[Any]) -> Share:
    """Mean of `credit` with a 95 % interval that takes the clusters, not the cases, as independent.

    The cluster-robust variance of the mean is turned into the number of independent cases that would have it, which
    never exceeds the number of cases; the interval is Wilson's for that many, with the quantile of Student's t.

    Args:
        credit: (N,) in [0, 1].
        clusters: (N,) numbers.

    Returns:
        n = 0 and no value without cases; no bounds with fewer than two clusters.

    Source: Korn and Graubard 1998, "Confidence intervals for proportions with small expected number of positive
        counts estimated from survey data"; Liang and Zeger 1986 for the variance.

    >>> clustered_share([1, 1, 0, 1], np.array([0, 1, 2, 3])).value
    0.75
    """
    values = np.asarray(credit, dtype=np.float64)
    n = len(values)
    if not n:
        return Share(0, None, None, None)
    mean = float(values.mean())
    _, numbers = np.unique(clusters, return_inverse=True)
    groups = int(numbers.max()) + 1
    if groups < 2:
        return Share(n, mean, None, None)
    residuals = np.bincount(numbers, weights=values - mean)
    variance = groups / (groups - 1) * float((residuals**2).sum()) / n**2
    spread = mean * (1 - mean)
    independent = min(n, spread / variance) if variance > 1e-15 else n if spread else groups
    few = (NormalDist().inv_cdf(0.975) / float(stdtrit(groups - 1, 0.975))) ** 2
    effective = max(1.0, independent * few)
    low, high = wilson(mean * effective, effective)
    return Share(n, mean, low, high)
