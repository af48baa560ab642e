"""Groups of runs in order of accuracy, with intervals, each tested against the next one on the same pairs."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from rmexp.runs.groups import Group
from rmexp.statistics.means import MEAN_METHOD, Estimate, clustered_difference
from rmexp.statistics.multiple_tests import holm
from rmexp.statistics.seeds import over_seeds_and_pairs
from rmexp.statistics.shares import SHARE_METHOD


class Earned(NamedTuple):
    """What a pair with a preference earned.

    Attributes:
        credit: 1 right, 0.5 equal scores, 0 wrong.
        cluster: number of its prompt; None in runs that did not write it down.
    """

    credit: float
    cluster: int | None


Credits = Mapping[str, Earned]  # by id of a pair

SEEDS_AND_PROMPTS = "other seeds and other prompts at once: what seeds add to the interval of the prompts"
ONE_SEED = f"other prompts: {SHARE_METHOD}"
LEAD = f"{MEAN_METHOD} over prompts"


class Standing(NamedTuple):
    """A line of a leaderboard.

    Attributes:
        rank: from 1, within one data set, and policies by themselves.
        group: the runs.
        lead: mean credit of a pair more than that of the next line; None where they did not score the same pairs.
        lead_low: lower end of its 95 % interval over prompts; None where the runs did not write down which pairs share
            one, or fewer than ten prompts tell the two apart.
        lead_high: upper end.
        p: that the two are equally good, adjusted for the number of such tests on the data set (Holm).
    """

    rank: int
    group: Group
    lead: float | None = None
    lead_low: float | None = None
    lead_high: float | None = None
    p: float | None = None


def leaderboard(groups: Sequence[Group], credits_of: Callable[[str, Group], Credits]) -> list[Standing]:
    """Standings of each data set, the best first; those of policies behind all others.

    Args:
        groups: of runs.
        credits_of: the credits of a run folder on the pairs of a group; empty where it left none.
    """
    standings: list[Standing] = []
    for board in sorted(dict.fromkeys(group.board for group in groups), key=lambda board: board[2]):
        own = [
            _with_interval(group, [credits_of(folder, group) for folder in group.folders])
            for group in groups
            if group.board == board and group.accuracies
        ]
        standings += _ranked(sorted(own, key=_rank), credits_of)
    return standings


def _rank(group: Group) -> tuple[float, float]:
    """Of equal accuracies the lower log-loss stands first, and what has none last."""
    return -group.accuracy, math.inf if group.nll is None else group.nll


def _ranked(groups: Sequence[Group], credits_of: Callable[[str, Group], Credits]) -> list[Standing]:
    means = [_mean_credits(group, credits_of) for group in groups]
    lines = [Standing(rank, group) for rank, group in enumerate(groups, 1)]
    for index in range(len(groups) - 1):
        first, second = means[index], means[index + 1]
        if first and first.keys() == second.keys():
            lead = _lead(first, second)
            lines[index] = Standing(index + 1, groups[index], lead.value, lead.low, lead.high, lead.p)
    tested = [line for line in lines if line.p is not None]
    adjusted = iter(holm([line.p for line in tested if line.p is not None]))
    return [line if line.p is None else line._replace(p=next(adjusted)) for line in lines]


def _with_interval(group: Group, credits: Sequence[Credits]) -> Group:
    """With the interval over seeds and prompts, where all runs wrote down the same pairs with their prompts."""
    first = credits[0]
    clusters = [earned.cluster for earned in first.values()]
    if not first or None in clusters or any(other.keys() != first.keys() for other in credits):
        return group
    found = over_seeds_and_pairs([[other[pair].credit for pair in first] for other in credits], np.array(clusters))
    method = ONE_SEED if len(credits) == 1 else SEEDS_AND_PROMPTS
    return group._replace(low=found.low, high=found.high, method=method, few=found.few)


def _mean_credits(group: Group, credits_of: Callable[[str, Group], Credits]) -> dict[str, Earned]:
    """Mean over the runs of a group; empty unless all of them scored the same pairs."""
    credits = [credits_of(folder, group) for folder in group.folders]
    if not credits[0] or any(other.keys() != credits[0].keys() for other in credits):
        return {}
    return {
        pair: Earned(sum(other[pair].credit for other in credits) / len(credits), earned.cluster)
        for pair, earned in credits[0].items()
    }


def _lead(first: Credits, second: Credits) -> Estimate:
    """Of the first over the second, on the same pairs."""
    ours, theirs = ([side[pair].credit for pair in first] for side in (first, second))
    clusters = [earned.cluster for earned in first.values()]
    if None in clusters:
        return Estimate(float(np.subtract(ours, theirs).mean()), None, None, None, 0, few=True)
    return clustered_difference(ours, theirs, np.array(clusters))
