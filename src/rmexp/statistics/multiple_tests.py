"""What becomes of p-values and intervals when there are many of them."""

from collections.abc import Sequence
from statistics import NormalDist


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted for their number: by chance one of them is below 0.05 in at most 5 % of all such families.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted, largest = [0.0] * len(p_values), 0.0
    ordered = sorted(range(len(p_values)), key=lambda index: p_values[index])
    for rank, index in enumerate(ordered):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def lower_of_best(value: float, low: float, count: int) -> float:
    """Lower end of the interval of the best of several figures, where it was chosen by the same cases.

    The distance to the lower end of its own 95 % interval grows as normal quantiles do when the 5 % are shared out
    among all of them (Bonferroni).

    Args:
        value: the figure.
        low: lower end of its 95 % interval.
        count: how many figures it was chosen from, at least 1.

    >>> round(lower_of_best(0.55, 0.51, 1), 3), round(lower_of_best(0.55, 0.51, 9), 3)
    (0.51, 0.493)
    """
    normal = NormalDist()
    return value - (value - low) * normal.inv_cdf(1 - 0.025 / count) / normal.inv_cdf(0.975)
