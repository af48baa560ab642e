"""The summary of a comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from rmexp.comparison.agreement import Agreement
from rmexp.comparison.graded import Graded
from rmexp.comparison.length import LengthEffect
from rmexp.comparison.policies import PolicyResult
from rmexp.comparison.progress import ProgressPoint
from rmexp.comparison.reductions import LevelFigures
from rmexp.evaluation.measures.accuracy import Accuracy
from rmexp.runs.rows import IF_KNOWN
from rmexp.runs.summaries.compared_sets import SetFigures
from rmexp.runs.summaries.train import KeptWeights, LastEpoch, LastValidation

Scores = tuple[float, float]  # of the responses listed first and second


@dataclass(frozen=True, slots=True)
class Rules:
    """What rules without a model get.

    Attributes:
        longer: the one by which the response with more characters is better.
    """

    longer: Accuracy | None


@dataclass(frozen=True, slots=True)
class SplitFigures:
    """Both rewards on one evaluation split.

    Attributes:
        explicit: accuracy and ranges of the reward model.
        implicit: of the policy's implicit reward.
        agreement: of the two.
        baselines: what rules get on the same pairs.
        explicit_length: what response length does to the first; None where it was not measured.
        implicit_length: to the second.
        selected_on: whether validations of these pairs chose the weights of a model; None where they did not.
        explicit_trained_on: pairs with a preference that are counted and that the reward model was trained on;
            None where there are none.
        implicit_trained_on: the same of the policy.
    """

    explicit: Accuracy
    implicit: Accuracy
    agreement: Agreement
    baselines: Rules
    explicit_length: LengthEffect | None
    implicit_length: LengthEffect | None
    selected_on: bool | None = field(default=None, metadata=IF_KNOWN)
    explicit_trained_on: int | None = field(default=None, metadata=IF_KNOWN)
    implicit_trained_on: int | None = field(default=None, metadata=IF_KNOWN)


@dataclass(frozen=True, slots=True)
class ShowcasePrompt:
    """A prompt picked to be looked at, its two responses and both rewards of each.

    Attributes:
        label: a few words for the figure, such as `Kafka (unseen)`.
        prompt: text of the prompt.
        chosen: text of the preferred response.
        rejected: text of the other response.
        explicit: scores of chosen and rejected by the reward model.
        implicit: implicit rewards of chosen and rejected.
    """

    label: str
    prompt: str
    chosen: str
    rejected: str
    explicit: Scores
    implicit: Scores


@dataclass(frozen=True, slots=True)
class PromptsShown:
    """Prompts picked to be looked at.

    Attributes:
        prompts: of them.
        same_order: of them, with the same response first by both rewards.
        responses: the prompts themselves.
    """

    prompts: int
    same_order: int
    responses: tuple[ShowcasePrompt, ...]


@dataclass(frozen=True, slots=True)
class Reductions:
    """Sum over the response and mean over all tokens, at each prompt length.

    Attributes:
        split: that the pairs are of.
        levels: the shortest prompts first.
    """

    split: str = ""
    levels: Sequence[LevelFigures] = ()


@dataclass(frozen=True, slots=True)
class RewardScale:
    """Where the rewards of the explicit model lie, and how the implicit ones are made.

    Attributes:
        mean: of the rewards of training responses, as the contract says; None where it does not.
        sd: their standard deviation.
        reduction: of log-ratios over tokens: `response_sum` or `response_mean`.
    """

    mean: float | None
    sd: float | None
    reduction: str


@dataclass(frozen=True, slots=True)
class StageUsed:
    """A model of the comparison; nothing but its folder is known of one given by path.

    Attributes:
        model: its folder.
        reused: whether it was there before.
        steps: of the optimizer.
        epochs: passes over the examples.
        seconds: of the stage.
        train_pairs_per_second: examples a second.
        peak_memory_mb: the most memory held.
        threads: of the processor.
        train: figures of the last epoch.
        val: figures of the validation of the kept weights.
        kept: which weights these are.
    """

    model: str
    reused: bool
    steps: int | None = field(default=None, metadata=IF_KNOWN)
    epochs: float | None = field(default=None, metadata=IF_KNOWN)
    seconds: float | None = field(default=None, metadata=IF_KNOWN)
    train_pairs_per_second: float | None = field(default=None, metadata=IF_KNOWN)
    peak_memory_mb: float | None = field(default=None, metadata=IF_KNOWN)
    threads: int | None = field(default=None, metadata=IF_KNOWN)
    train: LastEpoch | None = field(default=None, metadata=IF_KNOWN)
    val: LastValidation | None = field(default=None, metadata=IF_KNOWN)
    kept: KeptWeights | None = field(default=None, metadata=IF_KNOWN)


@dataclass(frozen=True, slots=True)
class CompareSummary:
    """What the two rewards are worth, and where they part.

    Attributes:
        data: name of the data set.
        model: name of the model.
        seed: of the run.
        beta: of DPO and of the implicit reward.
        train_pairs: pairs trained on; None where neither model was trained here.
        headline: the split whose figures stand first.
        explicit: figures of the reward model on it.
        implicit: of the implicit reward.
        agreement: of the two.
        splits: all evaluation splits.
        showcase: prompts to look at.
        reductions: sum and mean over tokens.
        graded: both scorers on candidate sets with the same labels; None without such sets.
        sets: both rewards on every set of pairs.
        progress: how the two came to agree.
        scale: of the rewards.
        disagreements: pairs that the two order differently.
        policies: that were sampled from and judged.
        stages: the models, by name.
        leaks: what of the training prompts is evaluated on.
        seconds: of the stages, of scoring with the report, and of all.
        notes: what of the sets the models were trained on, in words.
    """

    verb: ClassVar[str] = "compare"

    data: str
    model: str
    seed: int
    beta: float
    train_pairs: int | None
    headline: str
    explicit: Accuracy
    implicit: Accuracy
    agreement: Agreement
    splits: Mapping[str, SplitFigures]
    showcase: PromptsShown
    reductions: Reductions
    graded: Graded | None
    sets: tuple[SetFigures, ...]
    progress: tuple[ProgressPoint, ...]
    scale: RewardScale | None
    disagreements: int
    policies: tuple[PolicyResult, ...]
    stages: Mapping[str, StageUsed]
    leaks: Mapping[str, object]
    seconds: Mapping[str, float]
    notes: tuple[str, ...] = ()
