"""Loss and accuracy of a phase, together."""

import torch
from torch import Tensor, nn

from rmexp.metrics.mean_loss import MeanLoss
from rmexp.metrics.pairwise_accuracy import PairwiseAccuracy


class PairFigures(nn.Module):
    """Running loss since the last reset, and pairwise accuracy where there are pairs, else not a number.

    >>> figures = PairFigures()
    >>> figures.update(torch.tensor([0.5, 1.5]), torch.tensor([2.0, 1.0]), torch.tensor([1.0, 3.0]), torch.ones(2))
    >>> float(figures.compute()["loss"]), float(figures.compute()["accuracy"])
    (1.0, 0.5)
    """

    def __init__(self) -> None:
        super().__init__()
        # Every process is told of the whole batch, and one of them may ask alone.
        self.loss = MeanLoss(sync_on_compute=False)
        self.accuracy = PairwiseAccuracy(sync_on_compute=False)
        for metric in (self.loss, self.accuracy):
            metric.persistent(True)  # a resumed run goes on counting

    def update(
        self,
        losses: Tensor,
        chosen: Tensor | None = None,
        rejected: Tensor | None = None,
        target: Tensor | None = None,
        *,
        weight: Tensor | float = 1.0,
    ) -> None:
        """Add a batch.

        Args:
            losses: (n,) whose mean is wanted.
            chosen: (B,) scores of one side of pairs; None, as the other two, where there are none.
            rejected: (B,) scores of the other side.
            target: (B,) probability that the first is the better one.
            weight: of each loss in the mean.
        """
        self.loss.update(losses.detach(), weight)
        if chosen is not None and rejected is not None and target is not None:
            self.accuracy.update(chosen, rejected, target)

    def compute(self) -> dict[str, float]:
        """`loss`, `accuracy` and `tie_rate` so far."""
        found = torch.stack([self.loss.compute(), self.accuracy.compute(), self.accuracy.tie_rate()])
        return dict(zip(("loss", "accuracy", "tie_rate"), found.tolist(), strict=True))  # read at once

    def reset(self) -> None:
        """Start anew."""
        self.loss.reset()
        self.accuracy.reset()
