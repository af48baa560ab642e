"""Runs of reinforcement learning in order of what their policies gained, those alike but for their seed as one line."""

import json
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from rmexp.runs.axes import SEED, Run, Settings
from rmexp.statistics.means import mean_interval


class PolicyStanding(NamedTuple):
    """A line of the table of policies; gains are in standard deviations of the starting policy.

    Attributes:
        settings: value of each axis.
        folders: of the runs.
        gain: mean gain of the reward that was learnt from.
        low: lower end of its 95 % interval over seeds (Student); None for one run.
        high: upper end.
        gold: mean gain of the true reward; None unless all of the runs watched it.
        kl: mean divergence from the reference, in nats a response.
        seconds: mean time of a run.
    """

    settings: Settings
    folders: tuple[str, ...]
    gain: float
    low: float | None
    high: float | None
    gold: float | None
    kl: float
    seconds: float


def policy_standings(runs: Sequence[Run], axes: Sequence[str]) -> list[PolicyStanding]:
    """The best first: by the true reward where every line has it, else by the one that was learnt from.

    Args:
        runs: finished ones; those without a policy's figures are passed over.
        axes: keys that tell lines apart, the seed not counted.
    """
    found: dict[str, list[Run]] = {}
    for run in runs:
        if run.policy is not None:
            found.setdefault(json.dumps(_settings(run, axes), sort_keys=True, default=str), []).append(run)
    lines = [_standing(_settings(members[0], axes), members) for members in found.values()]
    by_truth = all(line.gold is not None for line in lines)
    return sorted(lines, key=lambda line: -(line.gold or 0.0) if by_truth else -line.gain)


def _settings(run: Run, axes: Sequence[str]) -> Settings:
    return {axis: run.settings.get(axis) for axis in axes if axis != SEED}


def _standing(settings: Settings, runs: Sequence[Run]) -> PolicyStanding:
    policies = [run.policy for run in runs if run.policy is not None]
    gains = [policy.gain for policy in policies]
    gold = [policy.gold for policy in policies if policy.gold is not None]
    return PolicyStanding(
        settings,
        tuple(run.folder for run in runs),
        fmean(gains),
        *mean_interval(gains),
        fmean(gold) if len(gold) == len(policies) else None,
        fmean(policy.kl for policy in policies),
        fmean(run.seconds for run in runs),
    )
