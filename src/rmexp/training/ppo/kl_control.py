"""How a policy is held near its reference: how strongly, where the KL divergence counts, when it is too much."""

from dataclasses import dataclass
from typing import Annotated, Literal

from torch import Tensor

from rmexp.losses.kl_estimators import ESTIMATORS
from rmexp.ranges import check_ranges

PLACES = ("reward", "loss")
LARGEST_ERROR = 0.2  # relative, that one iteration answers to


@dataclass(frozen=True)
class KLControl:
    """What the KL divergence of a policy from its reference costs.

    Attributes:
        coefficient: of the divergence, in rewards a nat, at least 0; where there is a target, the one to begin with.
        target: divergence in nats a response that the coefficient is steered to, > 0; None keeps the coefficient.
        rate: by how much one iteration may change the coefficient, > 0, as a multiple of the relative error, which
            counts to 0.2 at most.
        place: `reward` takes it off the reward of each token, `loss` adds it to the loss.
        estimator: of the divergence: k1, k2 or k3; as a loss k1 would teach nothing.
        limit: mean divergence in nats a response beyond which the run is stopped, > 0.

    Source: Ziegler et al. 2019, "Fine-tuning language models from human preferences", section 2.2.
    """

    coefficient: Annotated[float, "at least 0"]
    target: Annotated[float, "> 0 or inf"] | None
    rate: Annotated[float, "> 0"]
    place: Literal["reward", "loss"]
    estimator: Literal["k1", "k2", "k3"]
    limit: Annotated[float, "> 0 or inf"]

    def __post_init__(self) -> None:
        check_ranges(self, "kl")
        if self.place not in PLACES:
            raise ValueError(f"kl.place must be one of {', '.join(PLACES)}, got {self.place}")
        if self.estimator not in ESTIMATORS:
            raise ValueError(f"kl.estimator must be one of {', '.join(ESTIMATORS)}, got {self.estimator}")
        if (self.place, self.estimator) == ("loss", "k1"):
            raise ValueError("kl.place=loss needs kl.estimator=k2 or k3: the gradient of k1 is 0 in the mean")

    def estimate(self, logps: Tensor, reference_logps: Tensor) -> Tensor:
        """Of each token, in nats."""
        return ESTIMATORS[self.estimator](logps, reference_logps)

    def adapted(self, coefficient: float, divergence: float) -> float:
        """The coefficient of the next iteration.

        >>> control = KLControl(0.1, target=5.0, rate=0.5, place="reward", estimator="k1", limit=100)
        >>> control.adapted(0.1, 5.5), control.adapted(0.1, 50.0), round(control.adapted(0.1, 0.0), 4)
        (0.10500000000000001, 0.11000000000000001, 0.09)
        """
        if self.target is None:
            return coefficient
        error = min(max(divergence / self.target - 1, -LARGEST_ERROR), LARGEST_ERROR)
        return coefficient * (1 + self.rate * error)
