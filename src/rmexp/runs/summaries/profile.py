"""The summary of a data set's profile."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from rmexp.data.leaks.check import Leak
from rmexp.evaluation.measures.ceiling import Ceiling
from rmexp.profile.consistency import Consistency
from rmexp.profile.longer_by_part import Split
from rmexp.profile.meta_fields import MetaField
from rmexp.profile.resolution import Resolution
from rmexp.profile.token_lengths import Lengths
from rmexp.profile.written_dialogues import WrittenDialogues
from rmexp.runs.rows import FLAT


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """What a rule gets; see `Baseline`."""

    n: int
    accuracy: float | None
    low: float | None
    high: float | None
    undecided: float | None
    few: bool = False  # not known in older files


@dataclass(frozen=True, slots=True)
class LeakAccount:
    """What of the training split leaks; see `Leaks`."""

    pairs: int
    sets: Mapping[str, int]
    exact: int
    normalised: int
    near: int
    by_set: Mapping[str, int]
    examples: tuple[Leak, ...]


@dataclass(frozen=True, slots=True)
class Independent:
    """What intervals take as independent.

    Attributes:
        confidence: of the intervals.
        independent: what is, in words.
        clusters: how many of these there are.
    """

    confidence: float
    independent: str
    clusters: int


@dataclass(frozen=True, slots=True)
class NoiseFound:
    """An estimate of the share of wrong labels; see `NoiseEstimate`."""

    n: int
    value: float | None
    low: float | None
    high: float | None
    says: str


@dataclass(frozen=True, slots=True)
class BinFigures:
    """The pairs of one difficulty; see `Bin`."""

    pairs: int
    longer: Mapping[str, object]
    ease_low: float | None
    ease_high: float | None


@dataclass(frozen=True, slots=True)
class DifficultyFound:
    """How pairs were put into bins.

    Attributes:
        by: what, in words.
        thresholds: between the bins.
        bins: by name.
    """

    by: str
    thresholds: tuple[float | None, float | None]
    bins: Mapping[str, BinFigures]


@dataclass(frozen=True, slots=True)
class ProfileFigures:
    """The content of profile.json.

    Attributes:
        data: name of the data set.
        path: file or folder that it was read from; None for others.
        fingerprint: of its content.
        pairs: usable ones.
        splits: of the source, by name.
        prompts: distinct ones.
        tokens: of all pairs.
        bad_rows: left out.
        empty: of these, without text.
        identical: of these, with two equal responses.
        malformed: the other ones of these.
        ties: pairs labelled as a tie.
        soft_targets: pairs with a label between 0 and 1 that is no tie.
        first_listed: how often the label prefers the response listed first.
        repeated_ids: records whose id another one has.
        consistency: what repeats and contradicts.
        written_dialogues: pairs with turns in a text.
        fields: that the records bring.
        resolution: what the split that a model is judged on can tell.
        leaks: None without two splits.
        lengths: in tokens and characters.
        intervals: what they take as independent.
        baselines: rules without a trained model, by name.
        best_baseline: name of the best.
        ceiling: None where the truth is not known.
        label_noise: estimates by method.
        difficulty: of the pairs.
        warnings: what a person should know, in words.
    """

    data: str
    path: str | None
    fingerprint: str
    pairs: int
    splits: Mapping[str, Split]
    prompts: int
    tokens: int
    bad_rows: int
    empty: int
    identical: int
    malformed: int
    ties: int
    soft_targets: int
    first_listed: RuleFigures
    repeated_ids: int
    written_dialogues: WrittenDialogues
    fields: tuple[MetaField, ...]
    resolution: Resolution | None
    leaks: LeakAccount | None
    lengths: Lengths
    intervals: Independent
    baselines: Mapping[str, RuleFigures]
    best_baseline: str
    ceiling: Ceiling | None
    label_noise: Mapping[str, NoiseFound]
    difficulty: DifficultyFound
    warnings: tuple[str, ...]
    consistency: Consistency = field(metadata=FLAT)


@dataclass(frozen=True, slots=True)
class ProfileSummary:
    """A profile and what it took.

    Attributes:
        seconds: of the whole run.
        profile: as profile.json has it.
    """

    verb: ClassVar[str] = "profile"

    seconds: float
    profile: ProfileFigures = field(metadata=FLAT)
