"""Trials of a sweep of Weights & Biases: an agent starts a process for each, and its environment says which it is."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rmexp.left_files import read_yaml
from rmexp.tracking.tracked_run import TrackedRun

if TYPE_CHECKING:
    import wandb


def trial_id(run: TrackedRun) -> str | None:
    """The id that the agent gives to a run; None where there is no agent, and for a part of a trial."""
    return os.environ.get("WANDB_RUN_ID") if run.whole else None


def trial_config(config: Mapping[str, object], settings: "wandb.Settings") -> dict[str, object]:
    """A configuration beside the keys that the agent sets, from which it keeps others.

    Where it sets `data: jsonl`, the keys of that group stand beside it, as `data.pairs`.
    """
    path = settings.sweep_param_path
    beside = dict(config)
    for group in read_yaml(Path(path)) if path and Path(path).is_file() else ():
        if isinstance(keys := config.get(group), dict):
            del beside[group]
            beside |= {f"{group}.{key}": value for key, value in keys.items()}
    return beside


@contextmanager
def beside_the_trial(settings: "wandb.Settings") -> Iterator[None]:
    """Let a run be opened that is no trial: under an agent wandb takes every run of a process for the trial.

    Args:
        settings: of the run, changed in place.
    """
    from wandb.sdk import wandb_setup

    process = wandb_setup.singleton()
    ours = process.settings
    before = ours.sweep_id, ours.sweep_param_path
    for each in (ours, settings):
        each.sweep_id = each.sweep_param_path = None
    process._sweep_config = None  # which is read again for the trial
    try:
        yield
    finally:
        ours.sweep_id, ours.sweep_param_path = before
