"""A logistic regression on differences between two responses that is judged only on clusters it has not seen."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from rmexp.metrics.preferred_side import is_tie, preferred_side

FOLDS = 5
FEWEST_PAIRS = 20
STRENGTHS = (0.01, 0.1, 1.0)  # inverse of the penalty, from which each fold chooses
_MOST_TO_CHOOSE = 4000  # pairs on which it does


def held_out_margins(features: csr_array, target: NDArray[Any], clusters: NDArray[Any]) -> NDArray[np.float64] | None:
    """(N,) log-odds that the first response is the better one, each from a fit to the other folds.

    A cluster lies in one fold. The strength of the penalty is chosen inside the other folds.

    Args:
        features: (N, F) first response minus second, so that swapping the two turns the sign of the result. They are
            changed while a fit lasts.
        target: (N,) probability that the first is the better one; ties are predicted but not learnt from.
        clusters: (N,) numbers.

    Returns:
        None with fewer than `FEWEST_PAIRS` labelled pairs or fewer than two clusters among them, or without features.
    """
    from sklearn.model_selection import GroupKFold
    from threadpoolctl import threadpool_limits

    labelled = ~is_tie(target)
    folds = min(FOLDS, len(np.unique(clusters[labelled])))
    if labelled.sum() < FEWEST_PAIRS or folds < 2 or not features.shape[1]:
        return None
    margins = np.zeros(len(target))
    sign = 1.0 - 2.0 * preferred_side(target)
    with threadpool_limits(1):  # the optimizer's vectors are short: waiting for each other costs threads far more
        for rest, held_out in GroupKFold(folds).split(clusters, groups=clusters):
            rest = rest[labelled[rest]]
            if len(rest):
                strength = _strength(features, sign, clusters, rest)
                margins[held_out] = features[held_out] @ _weights(features, sign, rest, strength)
    return margins


def _strength(features: csr_array, sign: NDArray[Any], clusters: NDArray[Any], rows: NDArray[Any]) -> float:
    """The penalty that predicts a quarter of the clusters best from the others."""
    some = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _MOST_TO_CHOOSE)).astype(int))]
    names = np.unique(clusters[some])
    judged = np.isin(clusters[some], names[::4])
    fit, check = some[~judged], some[judged]
    if not len(fit) or not len(check):
        return STRENGTHS[0]
    few, signs, learnt = features[fit], sign[fit], np.arange(len(fit))
    losses = [
        np.logaddexp(0, -sign[check] * (features[check] @ _weights(few, signs, learnt, strength))).mean()
        for strength in STRENGTHS
    ]
    return STRENGTHS[int(np.argmin(losses))]


def _weights(features: csr_array, sign: NDArray[Any], rows: NDArray[Any], strength: float) -> NDArray[np.float64]:
    """(F,) of a fit to some rows; the others weigh nothing there, which spares a copy of nearly all features."""
    from sklearn.linear_model import LogisticRegression

    # both classes must occur: pairs are shown with their responses swapped, which is the same loss, to be one and the
    # other by turns
    first, weight = np.zeros(len(sign), bool), np.zeros(len(sign))
    first[rows], weight[rows] = np.arange(len(rows)) % 2 == 0, 1.0
    swapped = np.repeat((weight > 0) & (first != (sign > 0)), np.diff(features.indptr))
    np.negative(features.data, out=features.data, where=swapped)
    model = LogisticRegression(C=strength, fit_intercept=False, tol=1e-3, max_iter=300)
    weights: NDArray[np.float64] = model.fit(features, first, weight).coef_[0]
    np.negative(features.data, out=features.data, where=swapped)
    return weights
