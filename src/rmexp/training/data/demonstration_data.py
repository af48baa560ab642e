"""The demonstrations of a run, as Lightning asks for them: single responses, always in shuffled batches.

Batches of like length would need less padding, but the mean over the tokens of each would weigh short responses more.
"""

from collections.abc import Sequence

import lightning as L

from rmexp.encoding.batches import ResponseBatch
from rmexp.encoding.pack import batches_of_tokens, response_batch
from rmexp.encoding.tokens import ResponseTokens
from rmexp.scoring.responses import MOST_TOKENS
from rmexp.training.data.batch_order import Shuffled
from rmexp.training.data.fixed_batches import FixedBatches, batches_in
from rmexp.training.data.loader import Passes, TrainingLoader
from rmexp.training.data.pair_data import check_batch_tokens


class DemonstrationData(L.LightningDataModule):
    """Training and validation demonstrations.

    Args:
        train: to learn from.
        val: to validate with.
        batch_size: demonstrations per training batch.
        passes: over the training demonstrations.
        batch_tokens: most tokens that are computed at once; None for all of a batch.
        packed: whether they are computed in packed rows.
    """

    def __init__(
        self,
        train: Sequence[ResponseTokens],
        val: Sequence[ResponseTokens],
        batch_size: int,
        passes: Passes,
        *,
        batch_tokens: int | None,
        packed: bool,
    ) -> None:
        super().__init__()
        self.train, self.val, self.packed, self.batch_tokens = train, val, packed, batch_tokens
        check_batch_tokens(batch_tokens, train)
        self.batch_size, self.passes = batch_size, passes

    def train_dataloader(self) -> TrainingLoader[ResponseTokens, ResponseBatch]:
        """All training batches of the run."""
        order = Shuffled(len(self.train), self.batch_size)
        return TrainingLoader(self.train, response_batch, order, self.passes)

    def val_dataloader(self) -> FixedBatches[ResponseBatch]:
        """Validation batches, rows of like length or start: figures are put together before any mean is taken."""
        return batches_in(self.trainer, self._val_batches(), response_batch)

    def whole_validation(self) -> FixedBatches[ResponseBatch]:
        """All of `val_dataloader`, where one process validates by itself."""
        return batches_in(None, self._val_batches(), response_batch)

    def _val_batches(self) -> list[list[ResponseTokens]]:
        return batches_of_tokens(self.val, MOST_TOKENS, packed=self.packed)
