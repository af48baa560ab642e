"""Runs that differ in nothing but their seed put together, on each set of pairs that they were tested on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import NamedTuple

from rmexp.runs.axes import ABSENT, SEED, Settings, plain
from rmexp.runs.pair_sets import PairSet, told_apart
from rmexp.runs.summaries.held_out import headline_of, learnt_words, split_name
from rmexp.statistics.means import mean_interval

SEEDS_ALONE = "other seeds alone (Student): the runs did not write down the prompts of the same pairs"
POLICIES = ", implicit rewards of policies"
OWN = "as the run itself has it: it left no prompts of its pairs to go by"


@dataclass(frozen=True, slots=True)
class Judged:
    """How good one scorer of a run is on one whole set of pairs.

    Attributes:
        scorer: its name.
        data: what it was tested on.
        split: of it.
        n: pairs.
        accuracy: share of those with a preference in the right order; None where there are none.
        low: lower end of its 95 % interval.
        high: upper end.
        few: whether there are too few prompts to rely on it; False where that is not known.
        nll: mean log-loss in nats; None where it is not known, as for the others.
        longer: what "the longer one wins" gets.
        ceiling: best possible accuracy.
        selected_on: whether these pairs chose the weights that were kept.
        trained_on: how many of these pairs the scorer's model was trained on.
        of_policy: whether this is what a policy of reinforcement learning comes to as a reward, which it is not for.
        pairs: where these pairs come from.
    """

    scorer: str
    data: str
    split: str
    n: int
    accuracy: float | None
    low: float | None = None
    high: float | None = None
    few: bool = False
    nll: float | None = None
    longer: float | None = None
    ceiling: float | None = None
    selected_on: bool = False
    trained_on: int = 0
    of_policy: bool = False
    pairs: PairSet = field(default_factory=PairSet)


@dataclass(frozen=True, slots=True)
class PolicyGain:
    """What reinforcement learning gained, in standard deviations of the starting policy.

    Attributes:
        gain: of the reward that was learnt from.
        gold: of the true one; None where it was not watched.
        kl: divergence from the reference, in nats a response.
    """

    gain: float
    gold: float | None
    kl: float


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run.

    Attributes:
        folder: as text for the reader, and to find what it left.
        settings: of it.
        tested: figures on whole sets of pairs.
        seconds: that it took.
        policy: what its policy gained; None of a run that trained none by reinforcement learning.
    """

    folder: str
    settings: Settings
    tested: tuple[Judged, ...]
    seconds: float
    policy: PolicyGain | None = None


class Group(NamedTuple):
    """Runs alike but for their seed, on one set of pairs.

    Attributes:
        settings: value of each axis.
        data: what they were tested on.
        split: of it.
        n: pairs with a preference.
        folders: of the runs.
        accuracies: of each run, in [0, 1].
        accuracy: mean of them.
        low: lower end of its 95 % interval.
        high: upper end.
        method: of that interval, in words.
        few: whether there are too few prompts to rely on it.
        selected_on: whether these pairs chose the weights of some of the runs.
        nll: mean log-loss in nats; None where it is not known.
        longer: what "the longer one wins" gets; None where it is not known.
        ceiling: best possible accuracy; None where it is not known.
        seconds: mean time of a run.
        trained_on: the most of these pairs that the model of a run was trained on.
        of_policy: whether these are policies of reinforcement learning, judged by their implicit rewards.
        sets: where the pairs of each run come from.
        apart: what tells this data from other data of its name, in words; empty where there is none.
    """

    settings: Settings
    data: str
    split: str
    n: int
    folders: tuple[str, ...]
    accuracies: tuple[float, ...]
    accuracy: float
    low: float | None
    high: float | None
    nll: float | None
    longer: float | None
    ceiling: float | None
    seconds: float
    method: str = ""
    few: bool = False
    selected_on: bool = False
    trained_on: int = 0
    of_policy: bool = False
    sets: tuple[PairSet, ...] = ()
    apart: str = ""

    @property
    def board(self) -> tuple[str, str, bool, str]:
        """What the figures of a group have in common with those that they may be compared with."""
        return self.data, self.split, self.of_policy, self.apart

    @property
    def place(self) -> str:
        """Data set and split, in words."""
        remarks = f"{f', {self.apart}' if self.apart else ''}{POLICIES if self.of_policy else ''}"
        return f"{self.data} {split_name(self.split, self.selected_on)}{remarks}"

    @property
    def learnt(self) -> str:
        """What is said beside the accuracy where the pairs were trained on."""
        return learnt_words(self.trained_on, self.n)


def grouped(runs: Sequence[Run], axes: Sequence[str]) -> list[Group]:
    """Groups of the runs on each data set they were tested on, in the order of the runs.

    Args:
        runs: finished ones.
        axes: keys that tell groups apart, the seed not counted.
    """
    found: dict[str, list[tuple[Run, Judged]]] = {}
    settings_of: dict[str, Settings] = {}
    several = any(len({one.scorer for one in run.tested}) > 1 for run in runs)  # such as those of a comparison
    name = "reward" if "scorer" in axes else "scorer"  # that of a policy is another, which it learnt from
    for run in runs:
        for one in _headline(run.tested):
            settings = {axis: run.settings.get(axis, ABSENT) for axis in axes if axis != SEED}
            settings |= {name: one.scorer} if several else {}
            key = plain([settings, one.data, one.split, one.of_policy])
            settings_of[key] = settings
            found.setdefault(key, []).append((run, one))
    return _apart([_group(settings_of[key], members) for key, members in found.items()])


def _apart(groups: Sequence[Group]) -> list[Group]:
    """The same, each with what tells its data from other data of the name."""
    named: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        named.setdefault(group.data, []).append(place)
    apart = dict[int, str]()
    for places in named.values():
        apart |= zip(places, told_apart([groups[place].sets for place in places]), strict=True)
    return [group._replace(apart=apart[place]) for place, group in enumerate(groups)]


def _headline(tested: Sequence[Judged]) -> list[Judged]:
    """For each data set what stands for it."""
    places: dict[tuple[str, str], list[Judged]] = {}
    for one in tested:
        places.setdefault((one.scorer, one.data), []).append(one)
    return [headline_of(splits) for splits in places.values()]


def _group(settings: Settings, members: Sequence[tuple[Run, Judged]]) -> Group:
    known = [one for _, one in members if one.accuracy is not None]
    accuracies = tuple(one.accuracy for one in known if one.accuracy is not None)
    first = members[0][1]
    low, high = mean_interval(accuracies)
    if len(known) == 1:
        low, high = known[0].low, known[0].high
    losses = [one.nll for one in known if one.nll is not None]
    return Group(
        settings=settings,
        data=first.data,
        split=first.split,
        n=first.n,
        folders=tuple(run.folder for run, _ in members),
        accuracies=accuracies,
        accuracy=fmean(accuracies) if accuracies else float("nan"),
        low=None if low is None else max(0.0, low),
        high=None if high is None else min(1.0, high),
        nll=fmean(losses) if losses else None,
        longer=first.longer,
        ceiling=first.ceiling,
        seconds=fmean(run.seconds for run, _ in members),
        method=OWN if len(known) == 1 else SEEDS_ALONE,
        few=len(known) == 1 and known[0].few,
        selected_on=any(one.selected_on for _, one in members),
        trained_on=max(one.trained_on for _, one in members),
        of_policy=first.of_policy,
        sets=tuple(one.pairs for _, one in members),
    )
