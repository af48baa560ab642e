"""What a response is measured by: a value model (PPO), or the other responses to the same prompt (RLOO, GRPO).

An estimator is a frozen dataclass with `responses`, `uses_values` and a call from rewards of tokens to advantages.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Protocol

import torch
from torch import Tensor

from rmexp.losses.advantages import Advantages, generalised_advantages
from rmexp.ranges import check_ranges


class Estimator(Protocol):
    """Estimates advantages.

    Attributes:
        uses_values: whether a value model has to learn what is to be expected.
    """

    uses_values: ClassVar[bool]

    @property
    def responses(self) -> int:
        """Sampled to each prompt; they stand side by side."""

    def __call__(self, token_rewards: Tensor, values: Tensor, mask: Tensor) -> Advantages:
        """Advantages and returns, (N, R) each, of figures of that shape."""
        ...


@dataclass(frozen=True)
class ValueModel:
    """Generalised advantage estimation.

    Attributes:
        responses: to each prompt, at least 1.
        discount: gamma in [0, 1].
        decay: lambda in [0, 1].
    """

    uses_values = True
    responses: Annotated[int, "at least 1"]
    discount: Annotated[float, "in [0, 1]"]
    decay: Annotated[float, "in [0, 1]"]

    def __post_init__(self) -> None:
        check_ranges(self, "estimator")

    def __call__(self, token_rewards: Tensor, values: Tensor, mask: Tensor) -> Advantages:
        """See `generalised_advantages`."""
        return generalised_advantages(token_rewards, values, mask, discount=self.discount, decay=self.decay)


@dataclass(frozen=True)
class OtherResponses:
    """What the other responses to the prompt earned; every token of a response has its advantage.

    Attributes:
        responses: to each prompt, at least 2.
        advantages: of rewards (N,) and the number of responses to each prompt, to (N,).
    """

    uses_values = False
    responses: Annotated[int, "at least 2"]
    advantages: Callable[[Tensor, int], Tensor]

    def __post_init__(self) -> None:
        check_ranges(self, "estimator")

    def __call__(self, token_rewards: Tensor, values: Tensor, mask: Tensor) -> Advantages:
        """Those of whole responses, and no returns to learn."""
        advantages = self.advantages((token_rewards * mask).sum(dim=1), self.responses)
        return Advantages(advantages[:, None] * mask, torch.zeros_like(token_rewards))
