"""How far best-of-n is from its policy, and of which n."""

import math


def best_of_n_kl(n: int) -> float:
    """KL divergence of best-of-n from its policy in nats; exact where no two candidates are equally good, else a bound.

    Source: Stiennon et al. 2020, appendix G.3; Beirami et al. 2024 show that it bounds.

    >>> best_of_n_kl(1), round(best_of_n_kl(4), 4)
    (0.0, 0.6363)
    """
    return math.log(n) - (n - 1) / n


def n_of(kl: float) -> int | None:
    """The n whose KL is nearest to a given one; None beyond 10^9.

    >>> n_of(best_of_n_kl(4))
    4
    """
    low, high = 1, 10**9
    if kl > best_of_n_kl(high):
        return None
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if best_of_n_kl(middle) <= kl else (low, middle)
    return min((low, high), key=lambda n: abs(best_of_n_kl(n) - kl))
