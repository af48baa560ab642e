"""The pairs of a run: to learn from, to validate with, and how batches are made of them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from torch import Tensor

from rmexp.encoding.batches import FeatureBatch, PairBatch, ResponseBatch
from rmexp.encoding.pack import pair_batch, response_batch
from rmexp.encoding.splits import EncodedPairs
from rmexp.encoding.tokens import PairTokens, ResponseTokens


class Pairs(NamedTuple):
    """Pairs as they were encoded, or as a module has prepared them; see `TrainingModule.prepared`.

    Attributes:
        train: training pairs. Where they have a group, batches keep it together.
        val: validation pairs.
        batch_pairs: pairs per training batch.
        cache_dir: folder of what is computed once for several runs; None keeps none.
        pack: makes a training batch of some pairs.
        pack_responses: makes a validation batch of some responses.
    """

    train: EncodedPairs
    val: EncodedPairs
    batch_pairs: int
    cache_dir: str | None = None
    pack: Callable[[Sequence[PairTokens]], PairBatch | FeatureBatch] = pair_batch
    pack_responses: Callable[[Sequence[ResponseTokens]], ResponseBatch | Tensor] = response_batch
