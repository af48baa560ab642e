"""The pairs of a run, as Lightning asks for them; every distinct response is computed once a batch."""

from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar

import lightning as L

from rmexp.batches import PairBatch, Pairing, ResponseBatch
from rmexp.data.encode import PairTokens, ResponseTokens
from rmexp.data.pack import by_length, distinct_responses, pair_batch, pairing, response_batch
from rmexp.training.batch_order import Shuffled, Together
from rmexp.training.loader import TrainingLoader

Batch = TypeVar("Batch")
MOST_RESPONSES = 128  # in a batch of validation, however many pairs a training batch has


class PairData(L.LightningDataModule):
    """Training and validation pairs.

    Args:
        train: training pairs; a module may replace them in its `setup`, to add what it computed once. Where they have
            a group, batches keep it together.
        val: validation pairs, likewise.
        batch_pairs: pairs per training batch.
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

    def train_dataloader(self) -> TrainingLoader[PairTokens, PairBatch]:
        """All training batches of the run."""
        groups = [pair.group for pair in self.train]
        order: Shuffled | Together = Shuffled(len(groups), self.batch_pairs)
        if any(group is not None for group in groups):
            order = Together(groups, self.batch_pairs)
        return TrainingLoader(self.train, pair_batch, order, self.epochs, self.seed, self.max_batches)

    def val_dataloader(self) -> "FixedBatches[ResponseBatch]":
        """The distinct responses of the validation pairs; `val_pairing` says how the pairs are made of them."""
        return response_batches(self._val_responses(), 2 * self.batch_pairs)

    def val_pairing(self) -> Pairing:
        """The validation pairs, as rows of what `val_dataloader` gives."""
        return pairing(self.val, self._val_responses())

    def _val_responses(self) -> list[ResponseTokens]:
        return by_length(distinct_responses(self.val))


class FixedBatches(Generic[Batch]):
    """The same batches each time; Lightning would take a plain list for several loaders."""

    def __init__(self, batches: Sequence[Batch]) -> None:
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        return iter(self.batches)


def response_batches(responses: Sequence[ResponseTokens], batch_responses: int) -> FixedBatches[ResponseBatch]:
    """Batches of responses in their order, none larger than `MOST_RESPONSES`."""
    size = min(batch_responses, MOST_RESPONSES)
    return FixedBatches([response_batch(responses[start : start + size]) for start in range(0, len(responses), size)])


def validation_pairing(module: L.LightningModule) -> Pairing | None:
    """The validation pairs of the run that a module is in, on its device; None for a run without pairs."""
    data = module.trainer.datamodule  # type: ignore[attr-defined]  # set by Trainer.fit
    if not isinstance(data, PairData):
        return None
    moved: list[Any] = [field if field is None else field.to(module.device) for field in data.val_pairing()]
    return Pairing(*moved)
