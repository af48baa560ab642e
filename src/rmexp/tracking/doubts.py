"""What looks wrong in the figures of a training, said as soon as they show it."""

from collections.abc import Callable, Iterator, Mapping, Sequence

FAR = 2.0  # times the loss of equal rewards: a first batch beyond that is said to be far above it
CHANCE_STEPS = 200  # in a row, each with an accuracy of exactly one half


class Doubts:
    """Looks at rows of metrics.csv, one after the other; each sentence comes once.

    Args:
        equal_loss: gives the loss of the first batch if all its rewards were equal, ln 2 for Bradley-Terry; None where
            the loss is not one of pairs.
    """

    def __init__(self, equal_loss: Callable[[], float | None]) -> None:
        self.equal_loss = equal_loss
        self._by_chance = 0  # steps in a row

    def see(self, row: Mapping[str, str | float]) -> Iterator[str]:
        """The sentences that a row gives rise to."""
        if row.get("train/loss") in (None, ""):
            return
        if int(row["step"]) == 1:
            yield from self._first(float(row["train/loss"]))
        accuracy = row.get("train/accuracy")
        self._by_chance = self._by_chance + 1 if accuracy not in (None, "") and float(accuracy or 0) == 0.5 else 0
        if self._by_chance == CHANCE_STEPS:
            yield (
                f"the training accuracy has been exactly 50 % for {CHANCE_STEPS} steps: both responses of a pair seem "
                "to have the same reward (look at data.max_tokens, which may cut off where they differ, and at "
                "model.pooling)"
            )

    def _first(self, loss: float) -> Iterator[str]:
        equal = self.equal_loss()
        if equal is not None and loss > FAR * equal:
            named = " (ln 2)" if abs(equal - 0.6931472) < 1e-4 else ""
            yield (
                f"the loss of the first batch is {loss:.3g}, far above the {equal:.3g}{named} of equal rewards: the "
                "model starts with large rewards in a wrong order (look at the labels, the chat template, and the "
                "model that it starts from)"
            )


def doubts_of(rows: Sequence[Mapping[str, str]], doubts: Doubts) -> list[str]:
    """All sentences that rows give rise to."""
    return [sentence for row in rows for sentence in doubts.see(row)]
