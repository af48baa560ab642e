"""The pairs of a run, as Lightning asks for them; every distinct response is computed once a batch."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import lightning as L
from torch import Tensor

from rmexp.data.loading import Limits
from rmexp.encoding.batches import FeatureBatch, PairBatch, PairIndex, ResponseBatch
from rmexp.encoding.encode import Encoder
from rmexp.encoding.splits import EncodedPairs, encode_pairs
from rmexp.encoding.tokens import PairTokens, ResponseTokens
from rmexp.records import Preference
from rmexp.scoring.responses import MOST_TOKENS
from rmexp.training.data.batch_order import Shuffled, Together
from rmexp.training.data.fixed_batches import FixedBatches, batches_in
from rmexp.training.data.loader import Passes, TrainingLoader
from rmexp.training.data.validation_order import ValidationOrder, validation_order
from rmexp.training.pairs import Pairs
from rmexp.training.stage import TrainingModule


class PairData(L.LightningDataModule):
    """Training and validation pairs.

    Args:
        pairs: as they were encoded.
        passes: over the training pairs.
        batch_tokens: most tokens that are computed at once; None for all of a batch.
        packed: whether they are computed in packed rows.
    """

    def __init__(self, pairs: Pairs, passes: Passes, *, batch_tokens: int | None, packed: bool) -> None:
        super().__init__()
        self.given = self.pairs = pairs
        self.passes, self.batch_tokens, self.packed = passes, batch_tokens, packed
        self._order: ValidationOrder | None = None
        check_batch_tokens(batch_tokens, (side for pair in pairs.train for side in (pair.chosen, pair.rejected)))

    def setup(self, stage: str) -> None:
        """Let the module that is to be trained compute once what it needs of every pair."""
        assert self.trainer is not None
        module = cast(TrainingModule, self.trainer.lightning_module)
        self.pairs, self._order = module.prepared(self.given), None

    @property
    def train(self) -> EncodedPairs:
        """The training pairs."""
        return self.pairs.train

    def train_dataloader(self) -> TrainingLoader[PairTokens, PairBatch | FeatureBatch]:
        """All training batches of the run."""
        train, batch_pairs = self.pairs.train, self.pairs.batch_pairs
        order: Shuffled | Together = Shuffled(len(train), batch_pairs)
        if train.groups is not None:
            order = Together(train.groups, batch_pairs)
        return TrainingLoader(train, self.pairs.pack, order, self.passes)

    def val_dataloader(self) -> FixedBatches[ResponseBatch | Tensor]:
        """The distinct responses of the validation pairs; `val_pairing` says how the pairs are made of them."""
        return self._validated(self.trainer)

    def whole_validation(self) -> FixedBatches[ResponseBatch | Tensor]:
        """All of `val_dataloader`, where one process validates by itself."""
        return self._validated(None)

    def val_pairing(self) -> PairIndex:
        """The validation pairs, as rows of what `val_dataloader` gives."""
        return self._validation_order().pairing(self.pairs.val)

    def _validation_order(self) -> ValidationOrder:
        """In which batches and pairing agree; it is found when somebody first asks for either."""
        if self._order is None:
            self._order = validation_order(self.pairs.val, packed=self.packed)
        return self._order

    def _validated(self, trainer: L.Trainer | None) -> FixedBatches[ResponseBatch | Tensor]:
        val, pack = self.pairs.val, self.pairs.pack_responses
        batches = self._validation_order().batches(MOST_TOKENS, packed=self.packed)
        return batches_in(trainer, batches, lambda places: pack(val.responses.read(places)))


def pair_data(
    module: TrainingModule,
    tokenizer: Any,
    train: Sequence[Preference],
    val: Sequence[Preference],
    *,
    batch_pairs: int = 16,
    epochs: int = 1,
    seed: int = 0,
    max_tokens: int = 512,
) -> PairData:
    """Pairs as a trainer of your own takes them, all epochs as one: give it `max_epochs=1`.

    Args:
        module: that is to be trained.
        tokenizer: of the model that it starts from.
        train: pairs to learn from, at least one.
        val: pairs to validate with, at least one.
        batch_pairs: pairs a batch.
        epochs: passes over the training pairs.
        seed: of their order.
        max_tokens: longest sequence; a longer one loses the start of its prompt, then the end of its responses.

    Raises:
        ValueError: a split has no pair.

    >>> from rmexp.models.backbones.tiny import tiny
    >>> from rmexp.training.sft import SFTModule
    >>> size = {"hidden_size": 8, "layers": 1, "heads": 1, "vocabulary": 262, "max_positions": 512}
    >>> start, pairs = tiny(["2 + 2?"], 0, **size), [Preference(f"2 + {i}?", f"{2 + i}", "no") for i in range(5)]
    >>> module = SFTModule(start, loss=None, optimizer=None, schedule=None, sides="both")
    >>> data = pair_data(module, start.tokenizer, pairs[:4], pairs[4:], batch_pairs=2, epochs=3)
    >>> [batch.size for batch in data.train_dataloader()]
    [2, 2, 2, 2, 2, 2]
    """
    if not train or not val:
        raise ValueError(f"expected pairs to learn from and to validate with, got {len(train)} and {len(val)}")
    encoder = Encoder(tokenizer, Limits(max_tokens, "cut_prompt", None, batch_pairs))
    pairs = Pairs(encode_pairs(train, encoder)[0], encode_pairs(val, encoder)[0], batch_pairs)
    return PairData(pairs, Passes(epochs, seed), batch_tokens=None, packed=module.packed)


def check_batch_tokens(batch_tokens: int | None, responses: Iterable[ResponseTokens]) -> None:
    """Refuse a limit that one response by itself exceeds.

    Raises:
        ValueError: naming both numbers.
    """
    if batch_tokens is None:
        return
    longest = max(len(response.token_ids) for response in responses)
    if batch_tokens < longest:
        raise ValueError(
            f"data.batch_tokens must be at least the {longest} tokens of the longest training sequence, "
            f"got {batch_tokens} (raise it, or lower data.max_tokens)"
        )


def validation_pairing(module: L.LightningModule, responses: int) -> PairIndex | None:
    """The validation pairs of the run that a module is in, on its device; None for a run without pairs.

    A sanity check, or a trainer with `limit_val_batches`, computes some of the batches: these are the pairs of which
    both responses are among them, none at all in a sanity check that has no whole pair.

    Args:
        module: that is validated.
        responses: that were computed, the first ones of those that `val_dataloader` gives.

    Raises:
        ValueError: a validation has no whole pair.
    """
    trainer: L.Trainer = module.trainer
    data = trainer.datamodule  # type: ignore[attr-defined]  # set by Trainer.fit
    if not isinstance(data, PairData):
        return None
    pairing = data.val_pairing().among(responses)
    if not pairing.size and not trainer.sanity_checking:
        raise ValueError(
            "limit_val_batches must leave a pair of which both responses are computed, but what it leaves, "
            f"{responses} of them, has none (raise it)"
        )
    return pairing.to(module.device)
