"""Runs of reinforcement learning in order of what their policies gained, those alike but for their seed as one line.

Gains are compared where they are of the same reward, in deviations of the same start, on the same data.
"""

import json
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from rmexp.runs.axes import ABSENT, SEED, Settings, differing
from rmexp.runs.groups import Run
from rmexp.statistics.means import mean_interval

# What says where policies begin, beside the stage that trains a reference, and on which prompts.
START = ("data.name", "data.path", "model.name", "model.path", "model.init_from", "model.reference")


class PolicyStanding(NamedTuple):
    """A line of the table of policies; gains are in standard deviations of the starting policy.

    Attributes:
        settings: value of each axis.
        measure: number of what its gain is measured by, from 1.
        rank: from 1, among the lines of the same measure.
        folders: of the runs.
        gain: mean gain of the reward that was learnt from.
        low: lower end of its 95 % interval over seeds (Student); None for one run.
        high: upper end.
        gold: mean gain of the true reward; None unless all of the runs watched it.
        kl: mean divergence from the reference, in nats a response.
        seconds: mean time of a run.
    """

    settings: Settings
    measure: int
    rank: int
    folders: tuple[str, ...]
    gain: float
    low: float | None
    high: float | None
    gold: float | None
    kl: float
    seconds: float


def told_apart(lines: Sequence[PolicyStanding]) -> list[PolicyStanding]:
    """The same with the settings that tell them apart alone."""
    axes = differing([line.settings for line in lines]) if lines else []
    return [line._replace(settings={axis: line.settings[axis] for axis in axes}) for line in lines]


def policy_standings(runs: Sequence[Run], axes: Sequence[str]) -> list[PolicyStanding]:
    """The best of each measure first: by the true reward where every line has it, else by the one that was learnt from.

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
    own = dict[str, list[PolicyStanding]]()
    for line, members in zip(lines, found.values(), strict=True):
        own.setdefault(_measure(members[0], "gold" if by_truth else "scorer"), []).append(line)
    return [
        line._replace(measure=measure, rank=rank)
        for measure, some in enumerate(own.values(), 1)
        for rank, line in enumerate(sorted(some, key=lambda line: -(line.gold or 0.0) if by_truth else -line.gain), 1)
    ]


def _measure(run: Run, reward: str) -> str:
    """What a policy's gain is measured by: its reward, its prompts, and where it began."""
    known = {key: value for key, value in run.settings.items() if key in START or key.split(".")[0] in (reward, "sft")}
    return json.dumps(known, sort_keys=True, default=str)


def _settings(run: Run, axes: Sequence[str]) -> Settings:
    return {axis: run.settings.get(axis, ABSENT) for axis in axes if axis != SEED}


def _standing(settings: Settings, runs: Sequence[Run]) -> PolicyStanding:
    policies = [run.policy for run in runs if run.policy is not None]
    gains = [policy.gain for policy in policies]
    gold = [policy.gold for policy in policies if policy.gold is not None]
    return PolicyStanding(
        settings,
        0,
        0,
        tuple(run.folder for run in runs),
        fmean(gains),
        *mean_interval(gains),
        fmean(gold) if len(gold) == len(policies) else None,
        fmean(policy.kl for policy in policies),
        fmean(run.seconds for run in runs),
    )
