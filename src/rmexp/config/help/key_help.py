"""What `rmexp VERB --help KEY` prints: one key in full, or a choice with all its options and keys."""

from collections.abc import Collection, Mapping, Sequence

from rmexp.config.compose import compose_unchecked
from rmexp.config.help.described import Described, described
from rmexp.config.help.examples import examples_of
from rmexp.config.help.page import beside, paragraph
from rmexp.config.help.sources import phrase_of
from rmexp.config.help.values import choices_in, shown
from rmexp.config.help.verb_help import key_lines, offered, verb_help
from rmexp.config.problems import did_you_mean_key
from rmexp.config.tree import options_with

_LONGEST_NAME = 24


def key_help(verb: str, names: Sequence[str], overrides: Sequence[str] = (), folder: str | None = None) -> str:
    """Help for keys and choices of a verb.

    Args:
        verb: name of the primary configuration.
        names: of keys such as `optimizer.lr`, of nodes such as `optimizer`, or of choices such as `data`.
        overrides: that decide which keys there are.
        folder: searched for options that the tree does not have.

    Raises:
        ValueError: there is none of a name.
    """
    composed = compose_unchecked(verb, overrides, folder)
    keys = described(verb, composed, folder)
    return "\n\n".join("\n".join(_about(verb, name, keys, composed.choices, folder)) for name in names)


def _about(
    verb: str, name: str, keys: Sequence[Described], choices: Mapping[str, str | None], folder: str | None
) -> list[str]:
    if name in choices:
        return _choice(verb, name, choices[name], keys, folder)
    if found := [key for key in keys if key.path == name]:
        return _key(verb, found[0])
    if inside := [key for key in keys if key.path.startswith(f"{name}.")]:
        return [f"{name} has the keys", *key_lines(inside)]
    hint = _where(name, [key.path for key in keys], choices)
    raise ValueError(f"`{verb}` has no key or choice `{name}` now{hint}")


def _choice(verb: str, name: str, chosen: str | None, keys: Sequence[Described], folder: str | None) -> list[str]:
    group = name.partition("@")[0]
    options = offered(verb, name, folder)
    lines = [f"{name}={chosen or 'OPTION'}", "", "One of these is chosen:" if options else f"None is for `{verb}`."]
    lines += beside([(option, phrase_of(group, option, folder)) for option in options], _LONGEST_NAME)
    own = [key for key in keys if key.choice == name]
    return lines + (["", f"Keys of {name}={chosen}:", *key_lines(own)] if own else [])


def _key(verb: str, key: Described) -> list[str]:
    lines = [f"{key.path}={shown(key.value)}", ""]
    lines += [*paragraph(key.meaning, "  "), ""] if key.meaning else []
    rows = [("value now", shown(key.value)), ("default", shown(key.default))]
    rows += [("taken from", f"{key.reference}, unless {key.path} is set")] if key.reference else []
    rows += [("may be", " | ".join(choices_in(key.meaning)) or key.values)] if key.values else []
    rows += [("comes with", f"the choice of `{key.choice}`")] if key.choice else []
    rows += [("written in", ", ".join(key.places))] if key.places else []
    rows += [("taken by", key.target)] if key.target else []
    lines += beside(rows, _LONGEST_NAME)
    return [*lines, "", "examples:", *(f"  {line}" for line in examples_of(verb, key))]


def _where(name: str, keys: Collection[str], choices: Mapping[str, str | None]) -> str:
    """Other options that have the key, else the nearest name."""
    group, _, last = name.partition(".")
    found = [f"{group}={option}" for option in options_with(group, last)] if group in choices and last else []
    return (
        f"; {', '.join(found)} {'has' if len(found) == 1 else 'have'} it"
        if found
        else did_you_mean_key(name, [*keys, *choices])
    )


def asked_for(verb: str, words: Sequence[str], folder: str | None = None) -> str:
    """The page about the keys and choices that are named among the words, about the whole verb where none is.

    Args:
        verb: name of the primary configuration.
        words: of the command line: names, and overrides that decide which keys there are.
        folder: searched for options that the tree does not have.

    Raises:
        ValueError: there is none of a name.
    """
    names = [word for word in words if "=" not in word and not word.startswith("~")]
    overrides = [word for word in words if word not in names]
    return key_help(verb, names, overrides, folder) if names else verb_help(verb, overrides, folder)
