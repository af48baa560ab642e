"""One method trained several times: its mean, its spread, and whether two methods differ by more than their luck."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import stdtr, stdtrit


@dataclass(frozen=True, slots=True)
class Seeds:
    """A figure over seeds.

    Attributes:
        n: seeds.
        mean: of the figure.
        sd: sample standard deviation; None with one seed.
        low: lower end of the 95 % interval of the mean, by Student's t; None with one seed.
        high: upper end.
        lowest: of the seeds.
        highest: of the seeds.
    """

    n: int
    mean: float
    sd: float | None
    low: float | None
    high: float | None
    lowest: float
    highest: float

    def to_row(self) -> dict[str, Any]:
        """For evaluation.json."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class SeedDifference:
    """First method minus second, each over its seeds.

    Attributes:
        difference: of the means.
        low: lower end of its 95 % interval; None where a method has one seed, or all seeds of both are equal.
        high: upper end.
        p: of Welch's two-sided t-test that it is 0.
    """

    difference: float
    low: float | None
    high: float | None
    p: float | None

    def to_row(self) -> dict[str, Any]:
        """For evaluation.json."""
        return asdict(self)


def over_seeds(figures: Sequence[float]) -> Seeds:
    """Mean and spread of at least one figure.

    >>> over_seeds([0.7, 0.8]).mean
    0.75
    """
    values = np.asarray(figures, dtype=np.float64)
    n, mean = len(values), float(values.mean())
    if n == 1:
        return Seeds(1, mean, None, None, None, mean, mean)
    sd = float(values.std(ddof=1))
    reach = float(stdtrit(n - 1, 0.975)) * sd / n**0.5
    return Seeds(n, mean, sd, mean - reach, mean + reach, float(values.min()), float(values.max()))


def seed_difference(first: Sequence[float], second: Sequence[float]) -> SeedDifference:
    """Compare two methods across their seeds, whose spreads may differ.

    Args:
        first: figure of each seed of the one.
        second: of the other; the numbers of seeds may differ.

    Source: Welch 1947, "The generalization of Student's problem when several different population variances are
        involved".
    """
    one, other = over_seeds(first), over_seeds(second)
    difference = one.mean - other.mean
    if one.sd is None or other.sd is None or not (one.sd or other.sd):
        return SeedDifference(difference, None, None, None)
    parts = one.sd**2 / one.n, other.sd**2 / other.n
    error = sum(parts) ** 0.5
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (one.n - 1) + parts[1] ** 2 / (other.n - 1))
    reach = float(stdtrit(freedom, 0.975)) * error
    p = 2 * float(stdtr(freedom, -abs(difference) / error))
    return SeedDifference(difference, difference - reach, difference + reach, p)
