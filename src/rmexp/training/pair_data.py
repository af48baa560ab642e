"""The pairs of a run, as Lightning asks for them; every distinct response is computed once a batch."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import lightning as L
from torch import Tensor

from rmexp.batches import FeatureBatch, PairBatch, Pairing, ResponseBatch
from rmexp.data.encode import PairTokens, ResponseTokens
from rmexp.data.pack import batches_of_tokens, distinct_responses, pair_batch, pairing, response_batch
from rmexp.scoring.responses import MOST_TOKENS
from rmexp.training.batch_order import Shuffled, Together
from rmexp.training.loader import TrainingLoader

Batch = TypeVar("Batch")


class PairData(L.LightningDataModule):
    """Training and validation pairs.

    Args:
        train: training pairs; a module may replace them in its `setup`, to add what it computed once, and `pack` and
            `pack_responses`, which make batches of them. Where they have a group, batches keep it together.
        val: validation pairs, likewise.
        batch_pairs: pairs per training batch.
        epochs: passes over the training pairs.
        seed: of their order.
        max_batches: end training earlier; None for all epochs.
        batch_tokens: most tokens that are computed at once; None for all of a batch.
        packed: whether they are computed in packed rows.
        cache_dir: folder of what is computed once for several runs; None keeps none.
    """

    def __init__(
        self,
        train: Sequence[PairTokens],
        val: Sequence[PairTokens],
        batch_pairs: int,
        epochs: int,
        seed: int,
        max_batches: int | None = None,
        *,
        batch_tokens: int | None,
        packed: bool,
        cache_dir: str | None,
    ) -> None:
        super().__init__()
        self.workers = 0  # processes that make training batches ahead
        self.train, self.val, self.packed, self.cache_dir = train, val, packed, cache_dir
        self.batch_tokens = batch_tokens
        self.pack: Callable[[Sequence[PairTokens]], PairBatch | FeatureBatch] = pair_batch
        self.pack_responses: Callable[[Sequence[ResponseTokens]], ResponseBatch | Tensor] = response_batch
        check_batch_tokens(batch_tokens, [side for pair in train for side in (pair.chosen, pair.rejected)])
        self.batch_pairs, self.epochs, self.seed, self.max_batches = batch_pairs, epochs, seed, max_batches

    def train_dataloader(self) -> TrainingLoader[PairTokens, PairBatch | FeatureBatch]:
        """All training batches of the run."""
        groups = [pair.group for pair in self.train]
        order: Shuffled | Together = Shuffled(len(groups), self.batch_pairs)
        if any(group is not None for group in groups):
            order = Together(groups, self.batch_pairs)
        return TrainingLoader(self.train, self.pack, order, self.epochs, self.seed, self.max_batches, self.workers)

    def val_dataloader(self) -> "FixedBatches[ResponseBatch | Tensor]":
        """The distinct responses of the validation pairs; `val_pairing` says how the pairs are made of them."""
        return FixedBatches([self.pack_responses(batch) for batch in self._val_batches()])

    def val_pairing(self) -> Pairing:
        """The validation pairs, as rows of what `val_dataloader` gives."""
        return pairing(self.val, [response for batch in self._val_batches() for response in batch])

    def _val_batches(self) -> list[list[ResponseTokens]]:
        return batches_of_tokens(distinct_responses(self.val), MOST_TOKENS, packed=self.packed)


class FixedBatches(Generic[Batch]):
    """The same batches each time; Lightning would take a plain list for several loaders."""

    def __init__(self, batches: Sequence[Batch]) -> None:
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        return iter(self.batches)


def check_batch_tokens(batch_tokens: int | None, responses: Iterable[ResponseTokens]) -> None:
    """Refuse a limit that one response by itself exceeds.

    Raises:
        ValueError: naming both numbers.
    """
    longest = max(len(response.token_ids) for response in responses)
    if batch_tokens is not None and batch_tokens < longest:
        raise ValueError(
            f"data.batch_tokens must be at least the {longest} tokens of the longest training sequence, "
            f"got {batch_tokens} (raise it, or lower data.max_tokens)"
        )


def validation_pairing(module: L.LightningModule) -> Pairing | None:
    """The validation pairs of the run that a module is in, on its device; None for a run without pairs."""
    data = module.trainer.datamodule  # type: ignore[attr-defined]  # set by Trainer.fit
    if not isinstance(data, PairData):
        return None
    moved: list[Any] = [field if field is None else field.to(module.device) for field in data.val_pairing()]
    return Pairing(*moved)
