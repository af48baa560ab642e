"""What a run was configured with, read without Hydra."""

import re
from pathlib import Path

from rmexp.config.identity.named_after import with_file_names
from rmexp.config.identity.unset import with_unset
from rmexp.config.identity.values import todays_values, without_implied
from rmexp.left_files import read_yaml
from rmexp.runs.axes import Settings
from rmexp.runs.files import CONFIG

_REFERENCE = re.compile(r"\$\{(\w[\w.]*)\}")


def run_settings(folder: Path) -> dict[str, object]:
    """Every value of a run's configuration by its dotted path, interpolations as they are.

    Runs of several versions are put side by side, so targets are named as now, later keys that change nothing are
    left out, and a value that nobody set is the same as where it was typed.
    """
    content = read_yaml(folder / CONFIG)
    return with_file_names(with_unset(without_implied(todays_values(content))))


def followed_settings(folder: Path) -> Settings:
    """The same with values in the place of others' names, such as `${model.recipe.reward.lr}`, that are among them."""
    settings = run_settings(folder)
    names = {key: _REFERENCE.fullmatch(value) if isinstance(value, str) else None for key, value in settings.items()}
    return {key: settings.get(name[1], value) if (name := names[key]) else value for key, value in settings.items()}
