"""The prompts of a run that samples its own responses, as Lightning asks for them."""

from collections.abc import Sequence

import lightning as L

from rmexp.records import Prompt
from rmexp.training.data.batch_order import Stream
from rmexp.training.data.loader import Passes, TrainingLoader


class PromptData(L.LightningDataModule):
    """Prompts, a batch of them an iteration.

    Args:
        prompts: to sample responses to.
        val_prompts: by whose responses policies are compared.
        per_iteration: prompts of one batch.
        iterations: of the run.
        seed: of their order.
        batch_tokens: most tokens that are computed at once; None for all of a batch.
    """

    def __init__(
        self,
        prompts: Sequence[Prompt],
        val_prompts: Sequence[Prompt],
        per_iteration: int,
        iterations: int,
        seed: int,
        batch_tokens: int | None,
    ) -> None:
        super().__init__()
        self.prompts, self.val_prompts = prompts, val_prompts
        self.per_iteration, self.iterations = per_iteration, iterations
        self.seed, self.batch_tokens = seed, batch_tokens

    def train_dataloader(self) -> TrainingLoader[int, tuple[int, ...]]:
        """Numbers of prompts, all batches of the run."""
        order = Stream(len(self.prompts), self.per_iteration, self.iterations)
        return TrainingLoader(range(len(self.prompts)), tuple, order, Passes(1, self.seed))
