"""Two scorers on the same pairs: which is right more often, and by how much more than chance allows."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.statistics.bootstrap import percentile_interval, sign_p_value
from rmexp.statistics.mcnemar import mcnemar


@dataclass(frozen=True, slots=True)
class Paired:
    """First scorer minus second, over pairs with a preference; None without them.

    Attributes:
        n: pairs with a preference.
        both_right: pairs that both order as the label does.
        both_wrong: pairs that both order the other way.
        first_alone: pairs on which the first earns more: it is right and the second is not, or it gives equal scores
            where the second is wrong.
        second_alone: likewise the second.
        difference: of the accuracies, equal scores counting one half.
        difference_low: lower end of its 95 % interval, by the bootstrap of whole clusters.
        difference_high: upper end.
        bootstrap_p: two-sided p-value that it is 0, by the same draws: clusters are independent.
        mcnemar_p: of the exact test on the pairs that one earns more on, which takes pairs as independent.
        nll_difference: of the log-losses, in nats; below 0 the first is better.
        nll_difference_low: lower end of its interval.
        nll_difference_high: upper end.
    """

    n: int
    both_right: int
    both_wrong: int
    first_alone: int
    second_alone: int
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    bootstrap_p: float | None
    mcnemar_p: float
    nll_difference: float | None
    nll_difference_low: float | None
    nll_difference_high: float | None

    def to_row(self) -> dict[str, Any]:
        """For evaluation.json."""
        return asdict(self)


def paired(
    credit: NDArray[np.float64], weight: NDArray[np.float64], nll: NDArray[np.float64], draws: NDArray[np.float64]
) -> Paired:
    """Compare two scorers.

    Args:
        credit: (N, 2) 1, 0.5 or 0 of each scorer on each pair.
        weight: (N,) 1 where the label is no tie, else 0.
        nll: (N, 2) log-loss of each scorer on each pair, in nats.
        draws: (D, 4) bootstrapped means, drawn together: both credits, then both log-losses.
    """
    judged = credit[weight > 0]
    first_alone, second_alone = int((judged[:, 0] > judged[:, 1]).sum()), int((judged[:, 1] > judged[:, 0]).sum())
    accuracy, loss = draws[:, 0] - draws[:, 1], draws[:, 2] - draws[:, 3]
    interval, loss_interval = percentile_interval(accuracy), percentile_interval(loss)
    return Paired(
        n=len(judged),
        both_right=int((judged == 1).all(axis=1).sum()),
        both_wrong=int((judged == 0).all(axis=1).sum()),
        first_alone=first_alone,
        second_alone=second_alone,
        difference=float((judged[:, 0] - judged[:, 1]).mean()) if len(judged) else None,
        difference_low=interval.low,
        difference_high=interval.high,
        bootstrap_p=sign_p_value(accuracy),
        mcnemar_p=mcnemar(first_alone, second_alone),
        nll_difference=float((nll[:, 0] - nll[:, 1]).mean()) if len(nll) else None,
        nll_difference_low=loss_interval.low,
        nll_difference_high=loss_interval.high,
    )
