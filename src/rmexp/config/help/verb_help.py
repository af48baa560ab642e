"""What `rmexp VERB --help` prints: choices with their options, keys with their meaning, figures, examples."""

from collections.abc import Collection, Iterator, Sequence

from rmexp.config.compose import compose_unchecked, fits
from rmexp.config.help.described import Described, described
from rmexp.config.help.examples import examples
from rmexp.config.help.page import beside, paragraph
from rmexp.config.help.short_forms import FOLDERS
from rmexp.config.help.sources import phrase_of
from rmexp.config.help.values import choices_in, shown
from rmexp.config.tree import options_of, verbs
from rmexp.tracking.logged_figures import figures_of

EXPERIMENT = "experiment"
_LONGEST_NAME = 30  # columns: most keys with their value are shorter


def verb_help(verb: str, overrides: Sequence[str] = (), folder: str | None = None) -> str:
    """Help for a verb as the overrides would configure it.

    Args:
        verb: name of the primary configuration.
        overrides: such as `data=jsonl`, to see the keys of that choice.
        folder: searched for options that the tree does not have.
    """
    composed = compose_unchecked(verb, overrides, folder)
    keys = described(verb, composed, folder)
    bare = " [FOLDER]" if verb in FOLDERS else ""
    lines = [f"rmexp {verb}: {verbs()[verb]}", "", f"usage: rmexp {verb}{bare} [KEY=VALUE ...] [-m] [--cfg job]", ""]
    if found := examples(verb):
        lines += ["examples:", *(f"  {line}" for line in found), ""]
    options = {choice: offered(verb, choice, folder) for choice in composed.choices}
    groups = [(choice, _options(names, composed.choices[choice])) for choice, names in options.items() if names]
    if groups:
        lines += ["Choices are made with GROUP=OPTION; the one made now stands in brackets."]
        lines += [*beside(groups, _LONGEST_NAME), ""]
    lines += ["Keys with their value now; ??? must be set. All about one key or choice:"]
    lines += [f"  rmexp help {verb} KEY", *([f"  rmexp help {verb} GROUP"] if groups else [])]
    for choice in dict.fromkeys(["", *composed.choices]):
        own = [key for key in keys if key.choice == choice and not _is_choice(key.path, composed.choices)]
        lines += [*_heading(choice, composed.choices.get(choice), folder), *key_lines(own)] if own else []
    if "task" in composed.config and "logger" in composed.config:
        figures = figures_of(str(composed.config.task))
        lines += ["", "Figures that are logged, in metrics.csv and by every logger:"]
        lines += beside([(figure.name, figure.meaning) for figure in figures], _LONGEST_NAME)
    return "\n".join(lines)


def offered(verb: str, choice: str, folder: str | None) -> list[str]:
    """Options of a choice; of experiments, which are made for some verbs, those that are for this one."""
    options = options_of(_group(choice))
    return [one for one in options if fits(verb, f"{choice}={one}", folder)] if choice == EXPERIMENT else options


def key_lines(keys: Sequence[Described]) -> Iterator[str]:
    """Keys with their value now and what is said of them; those that only hand on another one are left out."""
    own = [key for key in keys if not _handed_on(key, keys)]
    told = {key.path for key, before in zip(own[1:], own, strict=False) if key.meaning == before.meaning}
    rows = [(f"{key.path}={shown(key.value)}", _about(key, told=key.path in told)) for key in own]
    yield from beside(rows, _LONGEST_NAME)


def _is_choice(path: str, choices: Collection[str]) -> bool:
    """Whether a key says which option is chosen, as `task` and `reward.task` do, or stands for one without keys."""
    above, _, name = path.rpartition(".")
    return path in choices or f"{name}@{above}" in choices


def _heading(choice: str, option: str | None, folder: str | None) -> list[str]:
    if not choice:
        return ["", "Of the verb itself:"]
    phrase = phrase_of(choice.partition("@")[0], option, folder) if option else ""
    return ["", *paragraph(f"{choice}={option}: {phrase}".removesuffix(": "))]


def _group(choice: str) -> str:
    """The group of a choice, such as `scorer` of `scorer@gold`."""
    return choice.partition("@")[0]


def _options(names: Sequence[str], chosen: str | None) -> str:
    return " ".join(f"[{name}]" if name == chosen else name for name in names)


def _handed_on(key: Described, others: Sequence[Described]) -> bool:
    name = key.path.rpartition(".")[2]
    same = key.reference is not None and key.reference.rpartition(".")[2] == name
    return same and any(other.path == key.reference for other in others)


def _about(key: Described, *, told: bool) -> str:
    """Meaning, what a key may be where its value does not tell, where the value is from, the default if it is another.

    Args:
        key: what is told of.
        told: whether the meaning stands beside the key above.
    """
    evident = key.values in ("int", "float", "text", "path", "true | false", "") and key.value is not None
    named = not key.values or bool(choices_in(key.meaning))
    parts = ["" if told else key.meaning, "" if evident or named else f"[{key.values}]"]
    parts += [f"(= {key.reference})"] if key.reference else []
    parts += [f"(default {shown(key.default)})"] if key.default != key.value else []
    return " ".join(filter(None, parts))
