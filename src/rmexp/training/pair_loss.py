"""A loss of pairs as the modules call it: it gets, beside the scores, the fields of `PairIndex` that it names."""

import inspect
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from rmexp.called import called
from rmexp.encoding.batches import PairIndex
from rmexp.encoding.splits import EncodedPairs
from rmexp.losses.dpo import DPOLoss
from rmexp.losses.one_each import check_one_each
from rmexp.losses.scores import SCORES, of_another_task


class PairLoss:
    """A configured loss.

    Args:
        loss: of scores, with keywords among the fields of `PairIndex`: `target`, `margin`, `rows`, `response_tokens`.
        task: that is to be trained, one of `SCORES`.

    Raises:
        ValueError: the loss is one of another task.
    """

    def __init__(self, loss: Callable[..., Any], task: str) -> None:
        names = list(inspect.signature(loss).parameters)
        if problem := of_another_task(called(loss), names, task):
            raise ValueError(problem)
        self.loss, self.scores = loss, len(SCORES[task])
        self.fields = [name for name in PairIndex._fields if name in names]

    def __call__(self, *scores: Tensor, pairing: PairIndex) -> Any:
        """What the loss makes of the scores of both sides.

        Raises:
            ValueError: that is not one value per pair, or not one per choice of a loss of whole lists.
        """
        found = self._unchecked(*scores, pairing=pairing)
        count = None if "rows" in self.fields else pairing.size
        if self.scores == 2:
            check_one_each(found, count, "choice" if count is None else "pair", self.loss)
        else:
            for name in DPOLoss._fields:
                check_one_each(getattr(found, name, None), pairing.size, "pair", self.loss, name)
        return found

    def _unchecked(self, *scores: Tensor, pairing: PairIndex) -> Any:
        return self.loss(*scores, **{name: getattr(pairing, name) for name in self.fields})

    def without_margin(self) -> str:
        """What the loss says where there is no margin; nothing where it needs none."""
        one = torch.ones(1)
        pairing = PairIndex(torch.arange(2), one, None, torch.ones(2).long(), None)
        try:
            self._unchecked(*torch.zeros(self.scores, 1), pairing=pairing)
        except ValueError as error:
            return str(error)
        except (TypeError, AttributeError):  # it reckons with what is not there
            return (
                "the loss asks for the margin of every pair, but there are pairs without (set data.format.margin to "
                "the column of the data that has it, or another loss)"
            )
        return ""

    def of_equal(self, pairing: PairIndex) -> float:
        """Mean loss of pairs whose scores are all equal: of a model that knows nothing yet."""
        found = self(*torch.zeros(self.scores, len(pairing.target)), pairing=pairing)
        losses: Tensor = getattr(found, "losses", found)
        return float(losses.mean())

    def check(self, splits: Sequence[EncodedPairs], batch_pairs: int) -> None:
        """Refuse pairs that lack what the loss asks for, before the first step.

        Args:
            splits: training and validation pairs.
            batch_pairs: pairs per batch.

        Raises:
            ValueError: lists would be torn apart, or what the loss gives is not one value per pair.
        """
        if "rows" in self.fields:
            _check_whole_lists(splits, batch_pairs)
        self.try_out()

    def try_out(self) -> None:
        """Call the loss once, with the scores of two pairs.

        Raises:
            ValueError: what it gives is not one value per pair, or has no gradient.
        """
        two, scores = torch.ones(2), torch.zeros(self.scores, 2, requires_grad=True)
        found = self(*scores, pairing=PairIndex(torch.arange(4), two, two, torch.ones(4).long(), None))
        losses: Tensor = getattr(found, "losses", found)
        if not losses.requires_grad:
            raise ValueError(
                f"{called(self.loss)} must give values that the scores have a gradient of, got values without (is "
                "there a detach(), item() or numpy() in it? set loss)"
            )


def _check_whole_lists(splits: Sequence[EncodedPairs], batch_pairs: int) -> None:
    if any(pairs.groups is None for pairs in splits if len(pairs)):
        raise ValueError("a loss of whole lists needs all pairs of a prompt in one batch (set data.batch_by=prompt)")
    sizes = [size for pairs in splits for size in Counter(pairs.groups).values()]
    largest = max(sizes, default=0)
    if largest > batch_pairs:
        raise ValueError(
            f"a loss of whole lists needs all pairs of a prompt in one batch, but one has {largest} pairs and "
            f"data.batch_pairs is {batch_pairs} (set data.batch_pairs={largest})"
        )
