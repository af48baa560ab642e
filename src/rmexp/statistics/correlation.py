"""Rank correlations that are None where they are undefined."""

from typing import Any

import scipy
from numpy.typing import NDArray


def spearman(first: NDArray[Any], second: NDArray[Any]) -> float | None:
    """Spearman's rank correlation; None for fewer than two values or when one side is constant."""
    return None if _undefined(first, second) else float(scipy.stats.spearmanr(first, second).statistic)


def kendall(first: NDArray[Any], second: NDArray[Any]) -> float | None:
    """Kendall's tau-b, which corrects for ties; None for fewer than two values or when one side is constant."""
    return None if _undefined(first, second) else float(scipy.stats.kendalltau(first, second).statistic)


def _undefined(first: NDArray[Any], second: NDArray[Any]) -> bool:
    return len(first) < 2 or bool((first == first[0]).all()) or bool((second == second[0]).all())
