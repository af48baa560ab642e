"""Why a choice of an option cannot be made."""

import re
from collections.abc import Collection, Mapping

from rmexp.config.problems import did_you_mean_key
from rmexp.config.tree import options_with

_OVERRIDES = re.compile(r"Could not override '([^']+)'")  # what Hydra says where a verb has no such choice


def impossible(verb: str, choice: str, known: Mapping[str, str | None], error: Exception) -> str:
    """The reason, behind the choice.

    Args:
        verb: of the command line.
        choice: that cannot be made.
        known: choices that are made beside it.
        error: of Hydra.
    """
    key = choice.lstrip("+~").partition("=")[0]
    if choice.startswith("+") and key in known:
        return f"`{key}` is chosen already, as {known[key]}; leave out the `+` to choose another"
    if key in known and (missing := _OVERRIDES.search(str(error))):
        return f"it chooses a `{missing[1]}`, and `{verb}` has none: it is for other verbs"
    if key in known or key.startswith("hydra"):
        return flat(error)
    return f"`{verb}` has no choice `{key}` to make{_elsewhere(key, known)}"


def _elsewhere(key: str, known: Collection[str]) -> str:
    here = [other for other in known if other.startswith(f"{key}@")]
    group, _, name = key.partition("@")[0].rpartition("/")
    if group and not here and (options := options_with(group, f"- {name}")):
        return f"; {' and '.join(f'`{group}={option}`' for option in options)} have it"
    return f"; choose {' or '.join(f'`{other}`' for other in here)}" if here else did_you_mean_key(key, known)


def flat(error: Exception) -> str:
    """An error of Hydra and its cause as one line."""
    return " ".join(f"{error} {error.__cause__ or ''}".split())
