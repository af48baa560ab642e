"""Whether two scorers are right equally often on the same pairs."""

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
