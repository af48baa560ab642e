"""The summary of best-of-n."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from rmexp.runs.rows import FLAT, IF_KNOWN
from rmexp.runs.summaries.seen import Seen
from rmexp.selection.best_of_n import Curve


@dataclass(frozen=True, slots=True)
class CandidatePool:
    """What was picked from, and by whom.

    Attributes:
        data: where prompts or candidates come from.
        n: candidates a prompt at the end of the curve.
        wanted_n: that were asked for; None for candidates of a file.
        candidates: of all prompts.
        scorer: that picked, as it describes itself.
        scorer_chat_template: fingerprint of the template that it reads prompts with; None for one that has none.
        gold: who knows the true rewards; None where nobody does.
        policy: that was sampled from; None for candidates of a file.
        largest_pool: candidates of the prompt that has most; None for sampled ones.
        empty: samples without text, in whose place others were drawn; None for a file, as for the next two.
        prompts_without: prompts to which the policy said nothing.
        cut: samples that the limit ended.
        unscored: candidates that have no score and are left out; None where all have one.
        policy_prompts: prompts that the policy was trained on; None where nothing is known of it.
        trained_on_kept: whether prompts that the scorer's model was trained on are counted; None where there are none.
        seen: prompts whose candidates the scorer's model had seen before.
    """

    data: str
    n: int
    wanted_n: int | None
    candidates: int
    scorer: Mapping[str, object]
    scorer_chat_template: str | None
    gold: Mapping[str, object] | None
    policy: Mapping[str, object] | None = None
    largest_pool: int | None = field(default=None, metadata=IF_KNOWN)
    empty: int | None = field(default=None, metadata=IF_KNOWN)
    prompts_without: int | None = field(default=None, metadata=IF_KNOWN)
    cut: int | None = field(default=None, metadata=IF_KNOWN)
    unscored: int | None = field(default=None, metadata=IF_KNOWN)
    policy_prompts: int | None = field(default=None, metadata=IF_KNOWN)
    trained_on_kept: bool | None = field(default=None, metadata=IF_KNOWN)
    seen: Seen = field(default=Seen(), metadata=FLAT)

    def prompts(self, curve: Curve) -> int:
        """Of the pool: those of the curve, and those that it leaves out as trained on."""
        return curve.prompts + (0 if self.trained_on_kept else self.seen.pairs)


@dataclass(frozen=True, slots=True)
class BestOfNCurve:
    """The content of curve.json.

    Attributes:
        pool: what was picked from.
        curve: over n, of prompts that the scorer's model was not trained on unless data.trained_on=keep.
        slices: of parts of the prompts, such as `trained on`.
    """

    pool: CandidatePool = field(metadata=FLAT)
    curve: Curve = field(metadata=FLAT)
    slices: Mapping[str, Curve] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BestOfNSummary:
    """What picking the best came to.

    Attributes:
        seconds: of sampling, of scoring, and of all.
        pool: what was picked from.
        curve: over n, of prompts that the scorer's model was not trained on unless data.trained_on=keep.
        slices: of parts of the prompts, such as `trained on`.
    """

    verb: ClassVar[str] = "best-of-n"

    seconds: Mapping[str, float]
    pool: CandidatePool = field(metadata=FLAT)
    curve: Curve = field(metadata=FLAT)
    slices: Mapping[str, Curve] = field(default_factory=dict)
