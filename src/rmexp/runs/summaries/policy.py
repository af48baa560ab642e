"""What reinforcement learning adds to the summary of a stage."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt

from rmexp.runs.rows import IF_KNOWN


@dataclass(frozen=True, slots=True)
class Change:
    """Mean of a reward over fresh samples.

    Attributes:
        before: of the starting policy.
        after: of the finished one.
        sd_before: standard deviation of the first.
    """

    before: float
    after: float
    sd_before: float

    @property
    def gain(self) -> float | None:
        """In deviations of the starting policy; None where it had none."""
        return (self.after - self.before) / self.sd_before if self.sd_before else None


@dataclass(frozen=True, slots=True)
class SampledMeans:
    """Means over fresh samples of a policy.

    Attributes:
        kl: divergence from the reference in nats a response.
        kl_k3: the same by another estimator.
        entropy: in nats a token.
        tokens: of a response.
        ended: share that ended by themselves.
        empty: share without text.
        reward: by the scorer; None where all were empty.
        gold: the true one; None where nobody knows it.
    """

    kl: float
    kl_k3: float
    entropy: float
    tokens: float
    ended: float
    empty: float
    reward: float | None = field(default=None, metadata=IF_KNOWN)
    gold: float | None = field(default=None, metadata=IF_KNOWN)


@dataclass(frozen=True, slots=True)
class BeforeAndAfter:
    """Fresh samples of the starting and of the finished policy.

    Attributes:
        n: of either.
        before: of the first.
        after: of the second.
    """

    n: int
    before: SampledMeans
    after: SampledMeans

    @property
    def chance(self) -> float:
        """How far a mean reward moves while the policy does not, in deviations: of 20 such means 19 move no further.

        The prompts of both are the same, so that it moves no further than the mean of samples of other prompts would.
        """
        rewarded = [max(1.0, self.n * (1 - means.empty)) for means in (self.before, self.after)]
        return 1.96 * sqrt(sum(1 / count for count in rewarded))


@dataclass(frozen=True, slots=True)
class RewardScale:
    """What a reward is brought to mean 0 and deviation 1 by.

    Attributes:
        mean: that is taken away.
        sd: that it is divided by.
    """

    mean: float
    sd: float


@dataclass(frozen=True, slots=True)
class PolicyFigures:
    """What became of a policy.

    Attributes:
        reference: folder of the model that it started from.
        iterations: samplings, each with its updates.
        prompts: that were sampled for.
        responses: that were sampled.
        iteration_seconds: mean time of each part of an iteration.
        reward: that was learnt from.
        gold: the true one; None where nobody knows it.
        kl: from the reference, in nats a response.
        kl_coefficient: cost of a nat at the end.
        samples: what people watch of them.
        scorer: that gave the rewards, as it describes itself.
        reward_scale: that they were brought to.
        scorer_reads_other_tokens: whether the scorer has another tokenizer than the policy.
    """

    reference: str | None
    iterations: int
    prompts: int
    responses: int
    iteration_seconds: Mapping[str, float]
    reward: Change
    gold: Change | None
    kl: float
    kl_coefficient: float
    samples: BeforeAndAfter
    scorer: Mapping[str, object]
    reward_scale: RewardScale
    scorer_reads_other_tokens: bool
