"""Loss and accuracy of a phase, together."""

from torch import Tensor, nn
from torchmetrics import MeanMetric

from rmexp.metrics.pairwise_accuracy import PairwiseAccuracy


class PairFigures(nn.Module):
    """Running loss and pairwise accuracy over the pairs since the last reset."""

    def __init__(self) -> None:
        super().__init__()
        self.loss = MeanMetric()
        self.accuracy = PairwiseAccuracy()
        for metric in (self.loss, self.accuracy):
            metric.persistent(True)  # a resumed run goes on counting

    def update(self, losses: Tensor, chosen: Tensor, rejected: Tensor, target: Tensor) -> None:
        """Add a batch: (n,) losses whose plain mean is wanted, and (B,) scores of both sides with their target."""
        self.loss.update(losses.detach())
        self.accuracy.update(chosen, rejected, target)

    def compute(self) -> dict[str, float]:
        """`loss`, `accuracy` and `tie_rate` so far."""
        return {
            "loss": float(self.loss.compute()),
            "accuracy": float(self.accuracy.compute()),
            "tie_rate": float(self.accuracy.tie_rate()),
        }

    def reset(self) -> None:
        """Start anew."""
        self.loss.reset()
        self.accuracy.reset()
