"""Whether two scorers are right equally often on the same pairs, and what becomes of many such tests."""

from collections.abc import Sequence

from scipy.special import bdtr


def mcnemar(only_first: int, only_second: int) -> float:
    """P-value of the exact two-sided McNemar test that both are right equally often.

    Args:
        only_first: pairs that only the first orders as the label does.
        only_second: pairs that only the second does.

    Source: McNemar 1947; exact form: a fair coin over the discordant pairs.

    >>> mcnemar(0, 5)
    0.0625
    """
    discordant = only_first + only_second
    return min(1.0, 2 * float(bdtr(min(only_first, only_second), discordant, 0.5))) if discordant else 1.0


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
