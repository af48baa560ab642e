"""The summary of one stage of training."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from rmexp.encoding.account import Account
from rmexp.runs.rows import FLAT, IF_KNOWN
from rmexp.runs.summaries.held_out import HeldOutRow
from rmexp.runs.summaries.policy import PolicyFigures


@dataclass(frozen=True, slots=True)
class ModelMade:
    """The model that a run left.

    Attributes:
        path: its folder.
        fingerprint: of its content.
        parameters: that were trained.
    """

    path: str
    fingerprint: str
    parameters: int


@dataclass(frozen=True, slots=True)
class LastEpoch:
    """Figures of the epoch of the kept weights, up to their step, while the model still learnt.

    Attributes:
        n: examples counted; of reinforcement learning, responses.
        loss: mean; of reinforcement learning, of the policy in the last iteration.
        accuracy: of pairs.
        tie_rate: share of pairs with equal scores.
    """

    n: int
    loss: float | None = None
    accuracy: float | None = None
    tie_rate: float | None = None


@dataclass(frozen=True, slots=True)
class LastValidation:
    """Figures of the validation of the kept weights.

    Attributes:
        n: examples.
        loss: mean.
        accuracy: of pairs.
        tie_rate: share of pairs with equal scores.
        accuracy_low: lower end of its 95 % interval.
        accuracy_high: upper end.
        few: whether fewer than ten prompts are expected on the rarer side of the accuracy.
        method: of the interval, in words; None in older files, as `few`.
        selected_on: whether these examples chose the step; None where they did not.
    """

    n: int
    loss: float | None = None
    accuracy: float | None = None
    tie_rate: float | None = None
    accuracy_low: float | None = None
    accuracy_high: float | None = None
    few: bool | None = field(default=None, metadata=IF_KNOWN)
    method: str | None = field(default=None, metadata=IF_KNOWN)
    selected_on: bool | None = field(default=None, metadata=IF_KNOWN)


@dataclass(frozen=True, slots=True)
class ValidatedAt:
    """What a validation said.

    Attributes:
        step: optimizer steps before it.
        loss: mean over the validation examples; None where it is not finite.
        accuracy: of their pairs; None where there are none.
    """

    step: int
    loss: float | None
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class KeptWeights:
    """Which weights the model has.

    Attributes:
        step: that they are of.
        last_step: of the run.
        monitor: figure by which validations are compared.
        validations: of the run.
        stopped: whether `trainer.patience` ended it.
        selected: whether validations had a say in which step it is.
        last: what the weights of the last step would have been; None without a validation.
    """

    step: int
    last_step: int
    monitor: str
    validations: int
    stopped: bool
    selected: bool
    last: ValidatedAt | None


@dataclass(frozen=True, slots=True)
class TrainSummary:
    """What a stage of training came to; see `PolicyFigures` for what reinforcement learning adds.

    Attributes:
        task: `reward`, `sft`, `dpo` or `ppo`.
        model: that it left.
        steps: of the optimizer.
        epochs: passes over the examples, with their fraction.
        train_pairs: pairs learnt from; None where it learnt from demonstrations, as for the next.
        val_pairs: pairs validated with.
        train_demonstrations: demonstrations learnt from.
        val_demonstrations: validated with.
        dropped: examples that were too long, of both splits.
        identical: pairs whose sides were equal once cut; None of a policy, which reads prompts alone.
        truncated: examples with something cut.
        account: what became of each split.
        bad_rows: malformed rows that were left out.
        leaks: what of the training prompts is evaluated on; empty when not looked for.
        train_pairs_per_second: examples a second; of reinforcement learning, responses.
        train_tokens_per_second: tokens a second.
        threads: of the processor.
        precision: of the weights and sums.
        rows: `packed` or `padded`; None of a policy.
        peak_memory_mb: the most memory that the process held.
        train_seconds: until the model was saved.
        train_cpu_seconds: of all threads; None of a policy.
        train: figures of the epoch of the kept weights.
        val: figures of their validation.
        kept: which weights these are; None of a policy and in older files.
        remarks: sentences on what looked wrong, and on where it began to over-fit.
        skipped_steps: steps whose loss or gradient was not finite, so that they made no update; None where these stop.
        evaluation: held-out pairs as the finished model scores them.
        seconds: of the whole stage.
        policy: what reinforcement learning came to; None for every other task.
        inputs: fingerprints of what the configuration only names.
        origins: where the examples came from, in words.
        phases: seconds of each kind of work, from the start of the program on, or of the stage; empty in older files.
    """

    verb: ClassVar[str] = "train"

    task: str
    model: ModelMade
    steps: int
    epochs: float
    train_pairs: int | None = field(default=None, metadata=IF_KNOWN)
    val_pairs: int | None = field(default=None, metadata=IF_KNOWN)
    train_demonstrations: int | None = field(default=None, metadata=IF_KNOWN)
    val_demonstrations: int | None = field(default=None, metadata=IF_KNOWN)
    dropped: int = 0
    identical: int | None = field(default=None, metadata=IF_KNOWN)
    truncated: int = 0
    account: Mapping[str, Account] = field(default_factory=dict)
    bad_rows: int = 0
    leaks: Mapping[str, object] = field(default_factory=dict)
    train_pairs_per_second: float = 0.0
    train_tokens_per_second: float = 0.0
    threads: int = 0
    precision: str = ""
    rows: str | None = field(default=None, metadata=IF_KNOWN)
    peak_memory_mb: float = 0.0
    train_seconds: float = 0.0
    train_cpu_seconds: float | None = field(default=None, metadata=IF_KNOWN)
    train: LastEpoch = LastEpoch(0)
    val: LastValidation = LastValidation(0)
    kept: KeptWeights | None = field(default=None, metadata=IF_KNOWN)
    remarks: tuple[str, ...] = ()
    skipped_steps: int | None = field(default=None, metadata=IF_KNOWN)
    evaluation: tuple[HeldOutRow, ...] = ()
    seconds: float = 0.0
    policy: PolicyFigures | None = field(default=None, metadata=FLAT)
    inputs: Mapping[str, str | None] = field(default_factory=dict)
    origins: tuple[str, ...] = ()
    phases: Mapping[str, float] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """What was learnt from: `pairs` or `demonstrations`."""
        return "demonstrations" if self.train_pairs is None else "pairs"
