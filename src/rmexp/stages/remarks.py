"""What is to be said of a training when it is done: what looked wrong, and where it began to over-fit."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from rmexp.encoding.pack import distinct_responses, pairing
from rmexp.evaluation.measures.usable_information import pair_nll
from rmexp.runs.summaries.train import KeptWeights
from rmexp.stages.built import Built
from rmexp.statistics.means import clustered_difference
from rmexp.statistics.multiple_tests import lower_of_best
from rmexp.tracking.doubts import Doubts, doubts_of
from rmexp.tracking.validations import Validation
from rmexp.training.data.pair_data import PairData
from rmexp.training.pair_loss import PairLoss

RISE = 1.05  # of the validation loss from its lowest to its last, from which on the two are said to part
SUGGESTED = 3  # validations of patience, where these do

Rows = Sequence[Mapping[str, str]]
Losses = Mapping[int, float]  # by step


def remarks(built: Built, kept: KeptWeights, rows: Rows, validations: Sequence[Validation]) -> tuple[str, ...]:
    """Sentences on a finished training.

    Args:
        built: the stage.
        kept: which weights it left.
        rows: of metrics.csv.
        validations: with the rewards of the validation pairs; none where there are no pairs.
    """
    found = doubts_of(rows, Doubts(partial(equal_loss, built)))
    if any(validation.constant for validation in validations):
        found.append(CONSTANT)
    told = partial(rise_is_told, validations=validations, clusters=built.examples.val_clusters)
    return (*found, *overfitting(kept, rows, told))


CONSTANT = (
    "all responses of a validation had the same reward: the model tells nothing apart (look at data.max_tokens, "
    "model.pooling and optimizer.lr)"
)


def equal_loss(built: Built) -> float | None:
    """Loss of the first batch if all rewards were equal; None for a loss that is not one of pairs."""
    loss, data = getattr(built.module, "loss", None), built.examples.data
    if not isinstance(loss, PairLoss) or not isinstance(data, PairData):
        return None
    pairs = data.train_dataloader().examples_of(0)
    return loss.of_equal(pairing(pairs, distinct_responses(pairs)))


def overfitting(
    kept: KeptWeights, rows: Rows, told: Callable[[Losses, int, int], bool] = lambda *_: True
) -> Iterator[str]:
    """A sentence where the validation loss rose while the training loss went on falling.

    Args:
        kept: which weights were left, and whether training ended early.
        rows: of metrics.csv.
        told: of the losses of all validations, the step of the least and the last step, whether the rise is told from
            chance.
    """
    losses = {int(row["step"]): float(row["val/loss"]) for row in rows if row["val/loss"]}
    finite = {step: loss for step, loss in losses.items() if math.isfinite(loss)}
    if not finite:
        return
    best, last = min(finite, key=lambda step: finite[step]), max(finite)
    if finite[last] <= RISE * finite[best] or not told(finite, best, last):
        return
    at_last, at_best = (_trained(rows, losses, step) for step in (last, best))
    if at_last is None or at_best is None or at_last >= at_best:
        return
    patience = None if kept.stopped or kept.monitor != "val/loss" else _patience(list(losses.values()))
    advice = "" if patience is None else f"; trainer.patience={patience} stops there"
    yield f"validation loss is lowest at step {best} of {kept.last_step}: over-fitted{advice}"


def rise_is_told(
    losses: Losses,
    best: int,
    last: int,
    *,
    validations: Sequence[Validation],
    clusters: NDArray[np.int64] | None,
) -> bool:
    """Whether the pairs tell that a validation has a larger loss than the least of all; True where they were not kept.

    Args:
        losses: of each validation by its step.
        best: step of the least.
        last: step of the other.
        validations: with the rewards of the pairs.
        clusters: (N,) numbers of what is independent among these, such as prompts.
    """
    found = {one.step: pair_nll(one.rewards[:, 0] - one.rewards[:, 1], one.target) for one in validations}
    if clusters is None or any(len(found.get(step, ())) != len(clusters) for step in (best, last)):
        return True
    if any(not math.isclose(found[step].mean(), losses[step], rel_tol=1e-3) for step in (best, last)):
        return True  # of a loss that is another one than that of log-odds
    rise = clustered_difference(found[last], found[best], clusters)
    return rise.low is not None and lower_of_best(rise.value or 0.0, rise.low, len(losses)) > 0


def _trained(rows: Rows, losses: Mapping[int, float], step: int) -> float | None:
    """Mean training loss of the steps between a validation and the one before; None where none of them was logged."""
    before = max((other for other in losses if other < step), default=0)
    logged = [float(row["train/loss"]) for row in rows if row["train/loss"] and before < int(row["step"]) <= step]
    return fmean(logged) if logged else None


def _patience(losses: Sequence[float]) -> int | None:
    """Validations of patience with which a run would have found its best and not gone on to its end; None for none."""
    lowest = min(loss for loss in losses if math.isfinite(loss))
    for patience in (*range(SUGGESTED, len(losses)), *range(SUGGESTED - 1, 0, -1)):
        best, place = _stop(losses, patience)
        if best == lowest and place < len(losses):
            return int(patience)
    return None


def _stop(losses: Sequence[float], patience: int) -> tuple[float, int]:
    """The best of the validations with which a run of so much patience ends, and their number."""
    best, waited = math.inf, 0
    for place, loss in enumerate(losses, 1):
        best, waited = (loss, 0) if loss < best else (best, waited + 1)
        if waited == patience:
            return best, place
    return best, len(losses)
