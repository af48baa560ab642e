"""A run folder as a tracker is told of it: read from its files alone, whether it is being made or was made long ago."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from rmexp.config.build import build
from rmexp.jsonl import JsonObject
from rmexp.left_files import read_yaml
from rmexp.runs.environment import Environment
from rmexp.runs.files import CONFIG
from rmexp.runs.folder import read_environment
from rmexp.runs.rows import to_row
from rmexp.tracking.tracked_run import TrackedRun
from rmexp.tracking.tracker import Tracker

_REFERENCE = re.compile(r"\$\{(\w[\w.]*)\}")


def trackers_of(config: DictConfig) -> dict[str, Tracker]:
    """The trackers that a configuration asks for, by name; none for one without loggers."""
    nodes = config.get("logger") or {}
    return {
        str(name): build(node) for name, node in nodes.items() if isinstance(node, DictConfig) and "_target_" in node
    }


def tracked_run(folder: Path, verb: str) -> TrackedRun:
    """What is told of a run.

    Args:
        folder: of the run; a configuration lies in it.
        verb: that makes it.
    """
    config: JsonObject = searchable(read_yaml(folder / CONFIG))
    left = read_environment(folder)
    outer = folder.resolve().parent
    inner = (outer / CONFIG).is_file()  # a stage of a comparison, or of PPO that trains its own reference
    has_stages = verb == "compare" or (
        config.get("task") == "ppo" and (config.get("model") or {}).get("reference") is None
    )
    own = folder.resolve().name
    sweep = Path(config["sweep_dir"]).name if config.get("sweep_dir") else None
    if sweep not in [parent.name for parent in folder.resolve().parents]:
        sweep = None  # it says where cells would be, and this is none
    return TrackedRun(
        folder=folder,
        name=f"{outer.name}/{own}" if inner else own,
        task=str(config.get("task", verb)),
        belongs_to=sweep or (outer.name if inner else own if has_stages else None),
        config={key: value for key, value in config.items() if key != "logger"} | _choices(left),
        inner=inner,
        about=_about(left),
    )


def searchable(content: Mapping[str, object]) -> dict[str, object]:
    """A saved configuration with references between its keys followed, as people look for values in a tracker.

    Args:
        content: of it. What comes from the environment stays a name, and so does a reference that leads there: it may
            be a secret.

    >>> searchable({"lr": "${recipe.lr}", "recipe": {"lr": 0.001}, "key": "${oc.env:KEY}"})
    {'lr': 0.001, 'recipe': {'lr': 0.001}, 'key': '${oc.env:KEY}'}
    """
    followed: dict[str, object] = _followed(content, content)
    return followed


def _followed(node: Any, whole: Mapping[str, object]) -> Any:
    if isinstance(node, dict):
        return {key: _followed(value, whole) for key, value in node.items()}
    if isinstance(node, list):
        return [_followed(value, whole) for value in node]
    reference = _REFERENCE.fullmatch(node) if isinstance(node, str) else None
    if reference is None:
        return node
    found: Any = whole
    for key in reference[1].split("."):
        if not isinstance(found, Mapping) or key not in found:
            return node
        found = found[key]
    return _followed(found, whole)


def _choices(left: Environment) -> dict[str, object]:
    """The options that were chosen, as keys of their own beside what they say."""
    return {"choices": dict(left.choices)} if left.choices else {}


def _about(left: Environment) -> dict[str, object]:
    """Versions, machine and fingerprints."""
    machine = to_row(left.machine) if left.machine is not None else {}
    return {
        "packages": dict(left.packages),
        "python": left.python,
        "git_commit": left.git_commit,
        "machine": machine,
        "fingerprints": {name: value for name, value in (left.inputs or {}).items() if value},
    }
