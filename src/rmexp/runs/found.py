"""The runs below a folder, read from what they left: nothing is composed, no model is loaded."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rmexp.left_files import damage_told, read_objects
from rmexp.metrics.pair_credit import pair_credit
from rmexp.metrics.preferred_side import is_tie
from rmexp.runs.axes import Settings
from rmexp.runs.failure import read_failure
from rmexp.runs.files import CONFIG, FAILURE
from rmexp.runs.groups import Group, Judged, PolicyGain, Run
from rmexp.runs.leaderboard import Credits, Earned
from rmexp.runs.pair_sets import pair_set
from rmexp.runs.rows import record_of
from rmexp.runs.summaries.compare import CompareSummary
from rmexp.runs.summaries.file import SUMMARY, summary_row, verb_of
from rmexp.runs.summaries.policy import PolicyFigures
from rmexp.runs.summaries.train import TrainSummary


class Failure(NamedTuple):
    """A run that failed, or was never finished."""

    folder: str
    error: str


def find_runs(folders: Sequence[Path], settings_of: Callable[[Path], Settings]) -> tuple[list[Run], list[Failure]]:
    """Runs at or below folders; those inside another run, set aside or hidden are not looked at.

    Args:
        folders: to look in.
        settings_of: reads what a run folder was configured with.

    Raises:
        ValueError: a folder does not exist.
    """
    runs: list[Run] = []
    failures: list[Failure] = []
    for folder in dict.fromkeys(folders):
        if not folder.is_dir():
            raise ValueError(f"{folder}: expected a folder of runs, but there is none (set run_dir or runs)")
        for path in run_folders(folder):
            if (path / SUMMARY).is_file():
                runs.append(_read_run(path, settings_of(path)))
            else:
                failures.append(Failure(str(path), _why(path)))
    return runs, failures


def run_folders(folder: Path) -> Iterator[Path]:
    """Folders of runs at or below a folder; those inside another run, set aside or hidden are passed over."""
    if (folder / CONFIG).is_file() or (folder / FAILURE).is_file():
        yield folder
        return
    for child in sorted(folder.iterdir()):
        if child.is_dir() and not child.name.startswith(".") and "-outdated-" not in child.name:
            yield from run_folders(child)


def _read_run(folder: Path, settings: Settings) -> Run:
    """A finished run; one of a verb that judges nothing has no figures."""
    row, data = summary_row(folder) or {}, str(settings.get("data.name"))
    match verb_of(row):
        case "train":
            trained = record_of(TrainSummary, row, folder / SUMMARY)
            tested = _on_their_pairs(_of_training(trained, data), folder, settings)
            return Run(str(folder), settings, tested, trained.seconds, _gain(trained.policy))
        case "compare":
            compared = record_of(CompareSummary, row, folder / SUMMARY)
            tested = _on_their_pairs(_of_comparison(compared, data), folder, settings)
            return Run(str(folder), settings, tested, compared.seconds["all"])
    seconds = row.get("seconds", 0.0)
    parts = seconds.values() if isinstance(seconds, dict) else [seconds]
    return Run(str(folder), settings, (), sum(part for part in parts if isinstance(part, float)))


def _on_their_pairs(tested: Sequence[Judged], folder: Path, settings: Settings) -> tuple[Judged, ...]:
    """Figures with where their pairs come from."""
    return tuple(replace(one, pairs=pair_set(folder, settings, one.data, one.split)) for one in tested)


def _of_training(summary: TrainSummary, data: str) -> tuple[Judged, ...]:
    """Figures on whole sets of pairs, of the last validation where nothing else was scored."""
    whole = [row for row in summary.evaluation if row.slice is None]
    if not whole:
        val = summary.val
        bounds = (val.accuracy, val.accuracy_low, val.accuracy_high, bool(val.few))
        chose, policy = bool(val.selected_on), summary.policy is not None
        nll = None if summary.task == "sft" else val.loss  # whose loss is over tokens
        one = Judged(summary.task, data, "val", val.n, *bounds, nll=nll, selected_on=chose, of_policy=policy)
        return (one,)
    return tuple(
        Judged(
            row.scorer,
            row.data,
            row.split,
            row.labelled,
            row.accuracy,
            row.accuracy_low,
            row.accuracy_high,
            bool(row.few),
            nll=row.nll,
            longer=row.longer_accuracy,
            ceiling=row.bayes_accuracy,
            selected_on=bool(row.selected_on),
            trained_on=row.trained_on or 0,
            of_policy=summary.policy is not None,
        )
        for row in whole
    )


def _of_comparison(summary: CompareSummary, data: str) -> tuple[Judged, ...]:
    """Figures of either reward on the headline split."""
    split = summary.splits[summary.headline]
    explicit, implicit = (split.explicit_trained_on or 0, split.implicit_trained_on or 0)
    both = (("explicit", summary.explicit, explicit), ("implicit", summary.implicit, implicit))
    chose = bool(split.selected_on)
    return tuple(
        Judged(
            name,
            data,
            summary.headline,
            one.n,
            one.accuracy,
            one.accuracy_low,
            one.accuracy_high,
            bool(one.few),
            selected_on=chose,
            trained_on=learnt,
        )
        for name, one, learnt in both
    )


def _gain(policy: PolicyFigures | None) -> PolicyGain | None:
    """None for a run that trained no policy by reinforcement learning, or one whose start had a constant reward."""
    if policy is None or policy.reward.gain is None:
        return None
    return PolicyGain(policy.reward.gain, None if policy.gold is None else policy.gold.gain, policy.kl)


def _why(folder: Path) -> str:
    failure = read_failure(folder)
    return "not finished; the same command goes on with it" if failure is None else failure.error


def credits_of(folder: str, group: Group) -> Credits:
    """What each pair of a group's data earned in a run: 1 right, 0.5 equal scores, 0 wrong; empty when not left."""
    return _credits(Path(folder)).get((group.data, group.split), {})


@lru_cache(maxsize=1024)
def _credits(folder: Path) -> dict[tuple[str, str], dict[str, Earned]]:
    path = folder / "usable_information.jsonl"
    rows = read_objects(path)
    found: dict[tuple[str, str], dict[str, Earned]] = {}
    with damage_told(path):
        rows = [row for row in rows if not is_tie(row.get("target", 0.5))]  # ties count for nothing
        margins = np.array([row["margin"] for row in rows], np.float32)
        credits = pair_credit(margins, np.zeros_like(margins), np.array([row["target"] for row in rows])).credit
        for row, credit in zip(rows, credits.tolist(), strict=True):
            found.setdefault((row["data"], row["split"]), {})[row["id"]] = Earned(credit, row.get("cluster"))
    return found
