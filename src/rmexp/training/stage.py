"""What a module must offer to be trained as a stage."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypedDict

from torch import nn

from rmexp.encoding.batches import PairIndex
from rmexp.encoding.tokens import PairTokens, ResponseTokens
from rmexp.metrics.pair_figures import PairFigures
from rmexp.training.pairs import Pairs

Examples = Sequence[PairTokens] | Sequence[ResponseTokens]


class ContractFields(TypedDict, total=False):
    """Fields of `Contract` that only some models have; see there."""

    reward_mean: float
    reward_sd: float
    reward_responses: int
    beta: float
    reduction: str
    reference: str | None


class StageModule(Protocol):
    """A LightningModule whose model can be left in a folder."""

    @property
    def kind(self) -> str:
        """What the folder holds: `reward_model` or `language_model`."""

    @property
    def pooling(self) -> str | None:
        """Rule by which a reward model reads a sequence; None for a language model."""

    @property
    def relative(self) -> bool:
        """Whether its scores are relative to a reference."""

    @property
    def model(self) -> nn.Module:
        """The model."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """Its parameters, those that do not learn among them."""

    def save(self, folder: Path) -> None:
        """Write the weights."""


class Learner(Protocol):
    """What examples are made for."""

    @property
    def learns_from(self) -> tuple[str, ...]:
        """Kinds of examples that it can use: `pairs`, `demonstrations`."""

    @property
    def packed(self) -> bool:
        """Whether batches are computed in packed rows."""


class TrainingModule(StageModule, Learner, Protocol):
    """One that learns from examples, each of them seen in every epoch."""

    @property
    def train_figures(self) -> PairFigures:
        """Loss and accuracy of the epoch that is running."""

    @property
    def val_figures(self) -> PairFigures:
        """Loss and accuracy of the last validation."""

    def prepared(self, pairs: Pairs) -> Pairs:
        """The pairs with all that is computed of them once, before the first step.

        It is called where the module knows its trainer and its weights are still those that it starts from, also when
        a run goes on from a checkpoint.

        Raises:
            ValueError: the pairs lack what the loss asks for.
        """

    def judge_validation(self, pairing: PairIndex | None) -> None:
        """Loss and accuracy of what the steps of a validation gave, into `val_figures`.

        Args:
            pairing: the validation pairs; None where demonstrations are learnt from.
        """

    def contract_fields(self, train: Examples) -> ContractFields:
        """What the contract of the finished model says beyond the fields of every model.

        Args:
            train: what it has learnt from.
        """
