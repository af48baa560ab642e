"""What the report of `rmexp compare` is made from; parts that a run does not have are left empty."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.comparison.agreement import Agreement
from rmexp.comparison.compared import ComparedSlice
from rmexp.comparison.flips import FlipKind
from rmexp.comparison.graded import Graded
from rmexp.comparison.length import LengthEffect
from rmexp.comparison.policies import PolicyResult
from rmexp.comparison.progress import ProgressPoint
from rmexp.evaluation.measures.accuracy import Accuracy
from rmexp.evaluation.paired import Paired
from rmexp.evaluation.test_set import Kind
from rmexp.reports.drawing.curves import Rows
from rmexp.reports.made import Made
from rmexp.runs.summaries.compare import Reductions, RewardScale, Scores, ShowcasePrompt
from rmexp.runs.summaries.held_out import split_name


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no single truth value
class SplitResult:
    """Both rewards on one evaluation split.

    Attributes:
        name: `val`, `unseen` or any other.
        explicit_scores: (N, 2) scores of the reward model, first and second response.
        implicit_scores: (N, 2) implicit rewards.
        target: (N,) probability that the first response is the better one.
        explicit: accuracy and ranges of the first.
        implicit: accuracy and ranges of the second.
        agreement: of the two.
        paired: which of the two is right more often; None where no pair has a preference.
        explicit_length: what response length does to the explicit reward; None when not measured.
        implicit_length: the same for the implicit reward.
        longer: what "the response with more characters is better" gets on the same pairs.
        selected_on: whether validations of these pairs chose the weights of a model.
        explicit_trained_on: pairs with a preference that are counted and that the reward model was trained on.
        implicit_trained_on: the same of the policy.
    """

    name: str
    explicit_scores: NDArray[np.floating[Any]]
    implicit_scores: NDArray[np.floating[Any]]
    target: NDArray[np.floating[Any]]
    explicit: Accuracy
    implicit: Accuracy
    agreement: Agreement
    paired: Paired | None = None
    explicit_length: LengthEffect | None = None
    implicit_length: LengthEffect | None = None
    longer: Accuracy | None = None
    selected_on: bool = False
    explicit_trained_on: int = 0
    implicit_trained_on: int = 0

    @property
    def title(self) -> str:
        """Its name, with the remark that it chose the step."""
        return split_name(self.name, self.selected_on)


@dataclass(frozen=True, slots=True)
class StageResult:
    """One stage of training.

    Attributes:
        name: `sft`, `reward`, `dpo` or `ppo`.
        rows: rows of its metrics.csv as read: `step`, `epoch` (finished ones, with their fraction), `train/loss` and
            `train/accuracy` of the batch, `val/loss`, `val/accuracy`; empty cells may be "", None or absent.
        folder: run folder of the stage, as text for the reader.
        reused: the stage was taken over from an earlier run or from a given folder.
        seconds: wall time of its training; None when unknown, as for a folder given by path.
        pairs_per_second: training speed.
        peak_memory_mb: most memory the process held.
        parameters: number of trained parameters.
    """

    name: str
    rows: Rows = ()
    folder: str = ""
    reused: bool = False
    seconds: float | None = None
    pairs_per_second: float | None = None
    peak_memory_mb: float | None = None
    parameters: int | None = None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A pair of which the two rewards put different responses first.

    Attributes:
        split: evaluation split it is from.
        id: the record's id.
        prompt: text of the prompt.
        chosen: text of the response listed first.
        rejected: text of the response listed second.
        target: probability that the first is the better one.
        explicit: scores by the reward model, first and second response.
        implicit: implicit rewards, first and second response.
        explicit_probability: that the first is the better one, by the reward model at its fitted temperature; None
            where none was fitted.
        implicit_probability: the same by the implicit reward.
    """

    split: str
    id: str
    prompt: str
    chosen: str
    rejected: str
    target: float
    explicit: Scores
    implicit: Scores
    explicit_probability: float | None = None
    implicit_probability: float | None = None


@dataclass(frozen=True, slots=True)
class ComparedSet:
    """Both rewards on one set of pairs: held out, in other tokens, or of other data.

    Attributes:
        name: of the split, of the shift of tokens, or of the other data set.
        kind: `held_out`, `tokens` or `domain`.
        split: that the pairs are of.
        pairs: with a preference.
        looked_at: pairs of which these are those that the shift changes.
        slices: all pairs first, then slices of them.
        before: the same pairs before their tokens were shifted; None otherwise.
        explicit_nll_at_first: log-loss of the reward model at the temperature fitted on the first set; None where
            none could be.
        implicit_nll_at_first: the same of the implicit reward.
        flips: how often the mean over all tokens orders a pair otherwise than the sum over the response.
    """

    name: str
    kind: Kind
    split: str
    pairs: int
    looked_at: int
    slices: Sequence[ComparedSlice]
    before: ComparedSlice | None
    explicit_nll_at_first: float | None
    implicit_nll_at_first: float | None
    flips: Sequence[FlipKind]


@dataclass(frozen=True, slots=True)
class DataAccount:
    """What became of the pairs of one split.

    Attributes:
        split: its name.
        pairs: pairs in the split before encoding.
        kept: pairs that were used.
        truncated: of those kept, pairs in which something was cut.
        dropped: pairs left out because they did not fit; none of a held-out split is.
        identical: pairs whose sides were the same once cut, left out of training and ties elsewhere.
    """

    split: str
    pairs: int
    kept: int
    truncated: int
    dropped: int
    identical: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What a comparison was made of.

    Attributes:
        data: name of the data set.
        model: name of the model; `given` where neither was trained here.
        seed: seed of the run.
        train_pairs: pairs trained on; None where neither model was trained here.
        bad_rows: malformed rows that were left out while reading.
        beta: the beta of DPO and of the implicit reward.
        made: how.
        given: which models were given, and what they were trained on, in words; None where both were trained here.
    """

    data: str
    model: str
    seed: int
    train_pairs: int | None
    bad_rows: int
    beta: float
    made: Made
    given: str | None = None


@dataclass(frozen=True, slots=True)
class Showcase:
    """Prompts picked to be looked at.

    Attributes:
        prompts: with both responses and both rewards of each.
        chosen: what preferred responses are called, such as `JSON`.
        rejected: what the others are called.
    """

    prompts: Sequence[ShowcasePrompt] = ()
    chosen: str = "chosen"
    rejected: str = "rejected"


@dataclass(frozen=True, slots=True)
class CompareReport:
    """Everything on the page.

    Attributes:
        facts: what was compared.
        splits: evaluation splits, in the order to be shown.
        stages: in the order trained.
        account: data account of each split.
        showcase: prompts picked to be looked at.
        reductions: sum and mean at each prompt length.
        graded: both scorers on candidate sets with the same labels.
        sets: both rewards on every set of pairs.
        progress: how the two came to agree, on the validation pairs.
        scale: of the rewards; None when not known.
        disagreements: pairs that the two order differently; at most twenty are shown, as listed.
        policies: that were sampled from and judged, the first of them the one that the others are measured by.
        notes: what of the sets the models were trained on, in words; `facts.given` is said before.
    """

    facts: Facts
    splits: Sequence[SplitResult]
    stages: Sequence[StageResult]
    account: Sequence[DataAccount]
    showcase: Showcase = Showcase()
    reductions: Reductions = field(default_factory=Reductions)
    graded: Graded | None = None
    sets: Sequence[ComparedSet] = ()
    progress: Sequence[ProgressPoint] = ()
    scale: RewardScale | None = None
    disagreements: Sequence[Disagreement] = ()
    policies: Sequence[PolicyResult] = ()
    notes: Sequence[str] = ()
