"""The pairs of a run, as Lightning asks for them."""

from collections.abc import Iterator, Sequence

import lightning as L

from rmexp.batches import PairBatch
from rmexp.data.encode import PairTokens
from rmexp.data.pack import pair_batch
from rmexp.training.loader import PairLoader


class PairData(L.LightningDataModule):
    """Training and validation pairs.

    Args:
        train: training pairs; a module may replace them in its `setup`, to add what it computed once.
        val: validation pairs, likewise.
        batch_pairs: pairs per batch, for both.
        epochs: passes over the training pairs.
        seed: of their order.
        max_batches: end training earlier; None for all epochs.
    """

    def __init__(
        self,
        train: Sequence[PairTokens],
        val: Sequence[PairTokens],
        batch_pairs: int,
        epochs: int,
        seed: int,
        max_batches: int | None = None,
    ) -> None:
        super().__init__()
        self.train, self.val = train, val
        self.batch_pairs, self.epochs, self.seed, self.max_batches = batch_pairs, epochs, seed, max_batches

    def train_dataloader(self) -> PairLoader:
        """All training batches of the run."""
        return PairLoader(self.train, self.batch_pairs, self.epochs, self.seed, self.max_batches)

    def val_dataloader(self) -> "FixedBatches":
        """Validation batches of pairs of like length, which need little padding."""
        return FixedBatches(batches_by_length(self.val, self.batch_pairs))


class FixedBatches:
    """The same batches each time; Lightning would take a plain list for several loaders."""

    def __init__(self, batches: Sequence[PairBatch]) -> None:
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[PairBatch]:
        return iter(self.batches)


def batches_by_length(pairs: Sequence[PairTokens], batch_pairs: int) -> list[PairBatch]:
    """Batches of the pairs in the order of their longer side."""
    ordered = sorted(pairs, key=lambda pair: max(len(pair.chosen.token_ids), len(pair.rejected.token_ids)))
    return [pair_batch(ordered[start : start + batch_pairs]) for start in range(0, len(ordered), batch_pairs)]
