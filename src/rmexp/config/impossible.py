"""Why a choice of an option cannot be made."""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence

from hydra.core.override_parser.types import Override

from rmexp.config.build import HOLDERS
from rmexp.config.meant_paths import chosen_by, reader_of, typed
from rmexp.config.problems import did_you_mean, did_you_mean_key
from rmexp.config.tree import options_of, options_with

_OVERRIDES = re.compile(r"Could not override '([^']+)'")  # what Hydra says where a verb has no such choice
# Words for no option at all, and the option of a group that comes to that.
NOTHING = ("none", "null", "no", "off", "false")
WITHOUT = {"logger": "csv", "schedule": "constant"}
WITHOUT_NODE = ("logger",)  # groups whose node nobody needs


def impossible(verb: str, choice: str, known: Mapping[str, str | None], error: Exception) -> str:
    """The reason, behind the choice.

    Args:
        verb: of the command line.
        choice: that cannot be made.
        known: choices that are made beside it.
        error: of Hydra.
    """
    key = key_of(choice)
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


def chooses_nothing(override: Override) -> bool:
    """Whether an override of a group takes its option away: `~loss`, `loss=null`, `loss=[]`, `loss=`."""
    nothing = override.is_delete() or (not override.is_sweep_override() and override.value() in (None, "", []))
    return bool(nothing) and not override.is_hydra_override()


def unknown_option(override: Override, options: Sequence[str]) -> str | None:
    """What is wrong with the first value that is no option of its group; None where all are, or it chooses nothing.

    Args:
        override: of a group, or of several values with `-m`.
        options: of the group, those among them that are only there to be included.
    """
    if chooses_nothing(override):
        return None
    own = [option for option in options if not option.startswith("_")]
    return next((_said(override, value, own) for value in _values(override) if value not in own), None)


def taken_away(
    verb: str, choices: Sequence[Override], made: Callable[[tuple[str, ...]], Mapping[str, str | None]]
) -> dict[str, str]:
    """A problem for each choice of nothing that cannot be made, such as of what a verb needs, by the choice.

    Args:
        verb: of the command line.
        choices: of one run.
        made: what comes of some choices: the option of each group.
    """
    found = {}
    for choice in filter(chooses_nothing, choices):
        text = str(choice.input_line)
        lines = (str(other.input_line) for other in choices if not chooses_nothing(other))
        default = made(tuple(line for line in lines if key_of(line) != key_of(text))).get(key_of(text))
        if problem := _taken_away(verb, choice, key_of(text), default):
            found[text] = problem
    return found


def key_of(override: str) -> str:
    """Of an override as it is written.

    >>> key_of("~loss@reward.loss"), key_of("+data@tests.more=jsonl")
    ('loss@reward.loss', 'data@tests.more')
    """
    return override.lstrip("+~").partition("=")[0]


def _taken_away(verb: str, override: Override, key: str, default: str | None) -> str | None:
    """Why an option cannot be taken away; None where it can.

    Args:
        verb: of the command line.
        override: that chooses nothing.
        key: of it.
        default: the option that is chosen there where nobody says which.
    """
    group, _, node = key.partition("@")
    own = options_of(group)
    if default is not None and group not in WITHOUT_NODE and node.rpartition(".")[0].rpartition(".")[2] not in HOLDERS:
        return f"{override.input_line}: `{verb}` cannot do without `{key}`{_without(group)} (options: {', '.join(own)})"
    if override.is_delete() or override.value() == []:
        return None
    return no_option(override, override.value(), own, _without(group) or f"; without one: ~{key}")


def path_key(override: Override) -> str:
    """The key of what is read with the option that an override chooses."""
    return f"{override.package or override.key_or_group}.path"


def no_option(override: Override, value: object, own: Sequence[str], hint: str) -> str:
    """That a group has no such option, with those that it has.

    Args:
        override: of the group.
        value: that is none of its options.
        own: options.
        hint: at what may be meant.
    """
    group, shown = override.key_or_group, _shown(value)
    return f"{override.input_line}: `{group}` has no option `{shown}`{hint} (options: {', '.join(own)})"


def _without(group: str) -> str:
    return f"; without one: {group}={WITHOUT[group]}" if group in WITHOUT else ""


def _values(override: Override) -> list[object]:
    """Of one choice, or of several with `-m`, without those that choose nothing: the cells say what comes of these."""
    if override.is_sweep_override():
        return [value for value in override.sweep_iterator() if value] if override.is_discrete_sweep() else []
    value = override.value()
    return list(value) if isinstance(value, list) else [value]


def _said(override: Override, value: object, own: Sequence[str]) -> str:
    group = override.key_or_group
    if reader := reader_of(group, value):
        told = f"{override.input_line.partition('=')[0]}={reader} {typed(path_key(override), str(value))}"
        return f"{override.input_line}: `{group}` has no option `{value}`; that is read with {told}"
    return no_option(override, value, own, _hint(group, value, own))


def _hint(group: str, value: object, own: Sequence[str]) -> str:
    """At what may be meant by a value that is no option."""
    if _shown(value).lower() in NOTHING:
        return _without(group)
    if not isinstance(value, str):
        return ""
    near = did_you_mean(value, own)
    return f"; a model of the hub is read with {_read(group, value)}" if group == "model" and not near else near


def _read(group: str, value: str) -> str:
    return " ".join(typed(key, part) for key, part in chosen_by(group, value))


def _shown(value: object) -> str:
    """A value as it is typed.

    >>> _shown(True), _shown(None), _shown(float("nan")), _shown("dpo")
    ('true', 'null', 'nan', 'dpo')
    """
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)
