"""The curve that a gain of true reward follows over n, as far as it bends down."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rmexp.selection.kl import best_of_n_kl, n_of
from rmexp.statistics.means import mean_interval

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fit:
    """Gain of true reward as d (a - b d), where d is the root of the KL.

    Attributes:
        a: slope at the start.
        b: how the gain bends down.
        b_low: lower end of the 95 % interval over prompts; above 0 the curve is told to bend.
        b_high: upper end.
        peak_n: n at which the fitted curve is highest; None where it never turns down, or beyond 10^9.
        peak_kl: KL there.
        peak_gain: height there.
        measured: whether the peak lies inside the n that were measured.
        residual: root of the mean squared distance of the points from the curve.
        a_high: upper end of the 95 % interval of a over prompts; below 0 the curve is told to fall from the start. Not
            known in older files.
    """

    a: float
    b: float
    b_low: float | None
    b_high: float | None
    peak_n: int | None
    peak_kl: float | None
    peak_gain: float | None
    measured: bool
    residual: float
    a_high: float | None = None


def fit(sizes: Sequence[int], gains: Array) -> Fit:
    """Least squares of d (a - b d) through the gains of each prompt; the curve of the means is the mean of the curves.

    Args:
        sizes: n of each row, at least three of them.
        gains: (sizes, prompts) over a random candidate.

    Source: Gao, Schulman and Hilton 2022, "Scaling laws for reward model overoptimization", section 3.
    """
    kl = np.array([best_of_n_kl(n) for n in sizes])
    design = np.stack([np.sqrt(kl), -kl], axis=1)
    by_prompt = np.linalg.lstsq(design, gains, rcond=None)[0]  # (2, prompts)
    a, b = (float(value) for value in by_prompt.mean(axis=1))
    low, high = mean_interval(by_prompt[1])
    residual = gains.mean(axis=1) - design @ [a, b]
    peak_kl = (a / (2 * b)) ** 2 if a > 0 and b > 0 else None
    peak_n = None if peak_kl is None else n_of(peak_kl)
    return Fit(
        a,
        b,
        low,
        high,
        peak_n,
        peak_kl,
        None if peak_kl is None else a * a / (4 * b),
        peak_kl is not None and bool(peak_kl <= kl[-1]),
        float(np.sqrt((residual**2).mean())),
        mean_interval(by_prompt[0])[1],
    )
