"""The runs below a folder, read from what they left: nothing is composed, no model is loaded."""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from rmexp.analysis.axes import Group, Run
from rmexp.analysis.leaderboard import Credits, Earned
from rmexp.config.moved import with_todays_targets, without_implied
from rmexp.config.saved import leaves
from rmexp.metrics.pair_credit import pair_credit
from rmexp.metrics.preferred_side import is_tie
from rmexp.runs.folder import CONFIG, FAILURE, SUMMARY

_REFERENCE = re.compile(r"\$\{(\w[\w.]*)\}")


class Failure(NamedTuple):
    """A run that failed, or was never finished."""

    folder: str
    error: str


def find_runs(folders: Sequence[Path]) -> tuple[list[Run], list[Failure]]:
    """Runs at or below folders; those inside another run, set aside or hidden are not looked at.

    Raises:
        ValueError: a folder does not exist.
    """
    runs: list[Run] = []
    failures: list[Failure] = []
    for folder in dict.fromkeys(folders):
        if not folder.is_dir():
            raise ValueError(f"{folder}: expected a folder of runs, but there is none (set run_dir or runs)")
        for path in _run_folders(folder):
            if (path / SUMMARY).is_file():
                runs.append(read_run(path))
            else:
                failures.append(Failure(str(path), _why(path)))
    return runs, failures


def _run_folders(folder: Path) -> Iterator[Path]:
    if (folder / CONFIG).is_file() or (folder / FAILURE).is_file():
        yield folder
        return
    for child in sorted(folder.iterdir()):
        if child.is_dir() and not child.name.startswith(".") and "-outdated-" not in child.name:
            yield from _run_folders(child)


def read_run(folder: Path) -> Run:
    """A finished run; one without figures on pairs has no rows."""
    summary = read_json(folder / SUMMARY)
    settings = _followed(run_settings(folder))
    seconds = summary.get("seconds", 0.0)
    seconds = seconds.get("all", sum(seconds.values())) if isinstance(seconds, dict) else seconds
    return Run(str(folder), settings, [*_rows(summary, settings)], seconds, _policy(summary))


def run_settings(folder: Path) -> dict[str, Any]:
    """Every value of a run's configuration by its dotted path, interpolations as they are.

    Runs of several versions are put side by side, so targets are named as now and later keys that change nothing are
    left out.
    """
    with (folder / CONFIG).open("rb") as file:
        # OmegaConf's own reader takes ten times as long, which many runs would feel.
        content = yaml.load(file, Loader=yaml.CSafeLoader)
    return without_implied(leaves(with_todays_targets(content)))


def _followed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Values with those in the place of others' names, such as `${model.recipe.reward.lr}`, that are among them."""
    names = {key: _REFERENCE.fullmatch(value) if isinstance(value, str) else None for key, value in settings.items()}
    return {key: settings.get(name[1], value) if (name := names[key]) else value for key, value in settings.items()}


def read_json(path: Path) -> dict[str, Any]:
    """A JSON file of a run folder; empty when there is none."""
    if not path.is_file():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file; none when there is none."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _rows(summary: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Figures on whole sets of pairs: of `train` as they are, of `compare` one row for either reward."""
    data = str(settings.get("data.name"))
    evaluation = [row for row in summary.get("evaluation") or () if row["slice"] is None]
    if evaluation:
        yield from evaluation
    elif "headline" in summary:
        for scorer in ("explicit", "implicit"):
            yield {"scorer": scorer, "data": data, "split": summary["headline"], **summary[scorer]}
    elif summary.get("val"):
        val = summary["val"]
        yield {"scorer": summary.get("task"), "data": data, "split": "val", "nll": val.get("loss"), **val}


def _policy(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a policy gained; None for a run that trained none by reinforcement learning."""
    if summary.get("task") != "ppo":
        return None
    gains = {
        name: (change["after"] - change["before"]) / change["sd_before"] if change and change["sd_before"] else None
        for name, change in (("gain", summary["reward"]), ("gold", summary["gold"]))
    }
    return {**gains, "kl": summary["kl"]}


def _why(folder: Path) -> str:
    failure = read_json(folder / FAILURE)
    return str(failure["error"]) if failure else "not finished; the same command goes on with it"


def credits_of(folder: str, group: Group) -> Credits:
    """What each pair of a group's data earned in a run: 1 right, 0.5 equal scores, 0 wrong; empty when not left."""
    return _credits(Path(folder)).get((group.data, group.split), {})


@lru_cache(maxsize=1024)
def _credits(folder: Path) -> dict[tuple[str, str], dict[str, Earned]]:
    path = folder / "usable_information.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []
    rows = [row for row in rows if not is_tie(row.get("target", 0.5))]  # ties count for nothing
    margins = np.array([row["margin"] for row in rows], np.float32)
    credits = pair_credit(margins, np.zeros_like(margins), np.array([row["target"] for row in rows])).credit
    found: dict[tuple[str, str], dict[str, Earned]] = {}
    for row, credit in zip(rows, credits.tolist(), strict=True):
        found.setdefault((row["data"], row["split"]), {})[row["id"]] = Earned(credit, row.get("cluster"))
    return found
