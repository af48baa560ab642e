"""What picking the best of n buys: every n from one pool of N candidates a prompt, without bias.

Shapes: N candidates of one prompt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmexp.selection.gain_fit import Fit, fit
from rmexp.selection.kl import best_of_n_kl
from rmexp.statistics.means import mean_interval

Array = NDArray[np.float64]


ROUNDING = 1e-12  # of true rewards, below which a gain is none


class Pool(NamedTuple):
    """The candidates of one prompt.

    Attributes:
        scores: (N,) by which the pick is made.
        gold: (N,) true rewards; None where nobody knows them.
    """

    scores: Array
    gold: Array | None


@dataclass(frozen=True, slots=True)
class Point:
    """Means over prompts at one n; what needs gold is None without it.

    Attributes:
        n: candidates that the best is picked of.
        kl: of the picks' distribution from the policy's at most: log n - (n - 1) / n, in nats.
        proxy: score of the pick.
        gold: true reward of the pick.
        low: lower end of the 95 % interval over prompts, of `gold`, without gold of `proxy`.
        high: upper end.
        random: of a random candidate: true reward, without gold the score.
        oracle: true reward of the truly best of n.
        proxy_gain: `proxy` over that of a random candidate.
        gain: of `gold` over `random`.
        gain_low: lower end of its 95 % interval over prompts.
        gain_high: upper end.
    """

    n: int
    kl: float
    proxy: float
    gold: float | None
    low: float | None
    high: float | None
    random: float
    oracle: float | None
    proxy_gain: float
    gain: float | None
    gain_low: float | None
    gain_high: float | None


@dataclass(frozen=True, slots=True)
class Fall:
    """True reward that is lost from the n where it is highest to the largest n.

    Attributes:
        n: where it is highest.
        lost: on the way to the largest.
        low: lower end of its interval over prompts, whose 5 % are shared out among the n that it was chosen from
            (Bonferroni); None for fewer than two prompts. Above 0 the fall is told from chance.
    """

    n: int
    lost: float
    low: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """The curve over n.

    Attributes:
        points: at 1, 2, 4, ... up to the smallest pool.
        fit: of the true gain; None without gold, with fewer than three points, and where all of a pool are equally
            good.
        prompts: that the means are over.
        fall: of true reward; None without gold, and where it is highest at the largest n.
    """

    points: tuple[Point, ...]
    fit: Fit | None
    prompts: int
    fall: Fall | None = None  # not known in older files


def pick_weights(scores: ArrayLike, n: int) -> Array:
    """Probability of each candidate to be the best of n drawn without replacement; equal scores share evenly.

    The candidate of rank i from below is the best of n with probability C(i - 1, n - 1) / C(N, n): n / N for the
    last one, and each of the others (i - n + 1) / i times that of the one above, so that nothing overflows.

    Args:
        scores: (N,) compared in float32.
        n: from 1 to N.

    Returns:
        (N,) weights that sum to 1.

    Raises:
        ValueError: n is none of these.

    Source: Nakano et al. 2021, "WebGPT", appendix I, for the estimator.

    >>> pick_weights([3.0, 1.0, 2.0], 2).round(4).tolist()
    [0.6667, 0.0, 0.3333]
    """
    values = np.asarray(scores, dtype=np.float32)
    total = len(values)
    if not 1 <= n <= total:
        raise ValueError(f"n must be from 1 to the {total} candidates of a prompt, got {n}")
    ranks = np.arange(total - 1, n - 1, -1, dtype=np.float64)  # below the last, as far as weights are not 0
    weights = np.zeros(total)
    weights[n - 1 :] = (n / total * np.cumprod(np.concatenate([[1.0], (ranks - n + 1) / ranks])))[::-1]
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.concatenate([[True], np.diff(values[order]) > 0]))
    sizes = np.diff(np.append(starts, total))
    shared = np.repeat(np.add.reduceat(weights, starts) / sizes, sizes)
    result = np.empty(total)
    result[order] = shared
    return result


def sizes_up_to(largest: int) -> list[int]:
    """1, 2, 4, ... and `largest`.

    >>> sizes_up_to(6)
    [1, 2, 4, 6]
    """
    return sorted({*(2**power for power in range(largest.bit_length())), largest})


def best_of_n_curve(pools: Sequence[Pool]) -> Curve:
    """Means over prompts for each n up to the smallest pool.

    Args:
        pools: one a prompt; all of them with gold, or none.

    Raises:
        ValueError: there is no pool.
    """
    if not pools:
        raise ValueError("expected the candidates of at least one prompt, got none")
    known = pools[0].gold is not None
    sizes = sizes_up_to(min(len(pool.scores) for pool in pools))
    proxy, gold, oracle = (np.zeros((len(sizes), len(pools))) for _ in range(3))
    for column, pool in enumerate(pools):
        for row, n in enumerate(sizes):
            weights = pick_weights(pool.scores, n)
            proxy[row, column] = weights @ pool.scores
            if pool.gold is not None:
                gold[row, column] = weights @ pool.gold
                oracle[row, column] = pick_weights(pool.gold, n) @ pool.gold
    random = gold[0] if known else proxy[0]
    points = [
        _point(n, proxy[row], proxy[0], gold[row] if known else None, oracle[row], random)
        for row, n in enumerate(sizes)
    ]
    gains = gold - gold[0]
    rounding = ROUNDING * max(1.0, float(np.abs(gold).max()))
    moves = known and bool(np.abs(gains).max() > rounding)
    fitted = fit(sizes, gains) if moves and len(sizes) > 2 else None
    return Curve(tuple(points), fitted, len(pools), _fall(sizes, gold, rounding) if moves else None)


def _fall(sizes: Sequence[int], gold: Array, rounding: float) -> Fall | None:
    means = gold.mean(axis=1)
    best = int(means.argmax())
    if means[best] - means[-1] <= rounding:
        return None
    lost = gold[best] - gold[-1]
    low, _ = mean_interval(lost, 1 - 0.05 / (len(sizes) - 1))
    return Fall(sizes[best], float(lost.mean()), low)


def _point(n: int, proxy: Array, first: Array, gold: Array | None, oracle: Array, random: Array) -> Point:
    low, high = mean_interval(proxy if gold is None else gold)
    gain_low, gain_high = (None, None) if gold is None else mean_interval(gold - random)
    return Point(
        n=n,
        kl=best_of_n_kl(n),
        proxy=float(proxy.mean()),
        gold=None if gold is None else float(gold.mean()),
        low=low,
        high=high,
        random=float(random.mean()),
        oracle=None if gold is None else float(oracle.mean()),
        proxy_gain=float((proxy - first).mean()),
        gain=None if gold is None else float((gold - random).mean()),
        gain_low=gain_low,
        gain_high=gain_high,
    )
