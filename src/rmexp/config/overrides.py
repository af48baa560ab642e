"""The overrides of a command line, each judged by itself: two mistyped ones are two problems."""

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from rmexp.config.build import HOLDERS
from rmexp.config.hydra_private import ConfigLoader, apply_override
from rmexp.config.impossible import path_key, unknown_option
from rmexp.config.meant_paths import meant_by, reader_of, typed
from rmexp.config.problems import did_you_mean_key
from rmexp.config.tree import options_with


class Overrides(NamedTuple):
    """A command line taken apart.

    Attributes:
        choices: of options for groups, such as `data=jsonl`, and whatever concerns Hydra itself.
        values: of keys, such as `optimizer.lr=1e-4`.
        problems: one for each override that is neither; those are left out.
        unread: keys of those that are not in Hydra's grammar, or that a choice which cannot be made would have.
    """

    choices: list[Override]
    values: list[Override]
    problems: list[str]
    unread: list[str]


OF_NAMES = ("callbacks", "logger", "seeds")  # nodes whose keys are names that may be left out
# Keys of verbs whose values are texts of people: whatever is in them is no grammar.
TEXTS = {"score": ("prompt", "response")}


def with_texts_quoted(verb: str, overrides: Sequence[str]) -> list[str]:
    """The overrides with every text of `TEXTS` quoted for Hydra, unless it is so already.

    >>> with_texts_quoted("score", ["prompt=2 + 2, is it?", "seed=1"])
    ['prompt="2 + 2, is it?"', 'seed=1']
    """
    return [_quoted(text) if text.partition("=")[0] in TEXTS.get(verb, ()) else text for text in overrides]


def _quoted(override: str) -> str:
    key, _, text = override.partition("=")
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return override
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', text)  # backslashes before a quote count for two
    escaped += "\\" * (len(text) - len(text.rstrip("\\")))  # and those before the one that ends it
    return f'{key}="{escaped}"'.replace("${", r"\${")


def without_unread(problems: Iterable[str], unread: Sequence[str]) -> list[str]:
    """Problems but those that call a key not set which an override that could not be read does set.

    >>> without_unread(["scorer.path: not set; set scorer.path=...", "seed: no"], ["scorer.path"])
    ['seed: no']
    """
    return [text for text in problems if not text.startswith(tuple(f"{key}: not set" for key in unread))]


def _remedy(key: str, value: str) -> str:
    """What to write where a text, such as a path with `=` or `,` in it, or one in a list, is to be no grammar.

    >>> print(_remedy("data.path", "[a (1).jsonl,b.jsonl]"))
    ; quote it: 'data.path=["a (1).jsonl",b.jsonl]'
    """
    if not value or not re.fullmatch(r"[\w./@+]+", key):
        return ""
    if re.fullmatch(r'\[[^][{}"]+\]', value):
        texts = [text.strip() for text in value[1:-1].split(",")]
        listed = ",".join(text if re.fullmatch(r"[\w./:+-]+", text) else f'"{text}"' for text in texts)
        return f"; quote it: {shlex.quote(f'{key}=[{listed}]')}"
    return "" if value[0] in "[{'\"" else f"; quote it: {typed(key, value)}"


def _written(meant: Sequence[Sequence[tuple[str, str]]]) -> str:
    """What to write for a bare word; nothing where nobody knows."""
    told = " or ".join(" ".join(typed(key, value) for key, value in settings) for settings in meant)
    return f"write {told}" if told else ""


def read_overrides(loader: ConfigLoader, verb: str, texts: Sequence[str], *, sweeps: bool = False) -> Overrides:
    """Parse each of `texts` and tell choices of options from values of keys.

    Args:
        loader: knows the groups and their options.
        verb: name of the primary configuration.
        texts: in Hydra's grammar.
        sweeps: whether several values for one key are fine, as with `-m`.
    """
    parser = OverridesParser.create(config_loader=loader)
    search_path = tuple(text for text in texts if text.startswith("hydra.searchpath="))
    result = Overrides([], [], [], [])
    for text in texts:
        try:
            override = parser.parse_overrides([text])[0]
        except HydraException as error:
            key, equals, value = text.partition("=")
            if not equals:
                meant = meant_by(verb, text)
                written = _written(meant) or f"see rmexp {verb} --help"
                result.problems.append(f"{text}: expected KEY=VALUE; {written}")
                result.unread.extend(key for settings in meant for key, _ in settings)
                continue
            reason = str(error).splitlines()[0].partition(" expecting ")[0]
            result.problems.append(f"{text}: expected KEY=VALUE in Hydra's grammar ({reason}){_remedy(key, value)}")
            result.unread.append(key.lstrip("+"))
            continue
        options = _group_options(loader, override.key_or_group, verb, search_path)
        if override.is_sweep_override() and not sweeps:
            result.problems.append(
                f"{text}: several values need `-m`; a list is written [a,b], a text with commas '\"a,b\"'"
            )
        elif override.is_hydra_override() and not options:
            result.choices.append(override)
        elif options and not isinstance(override.value(), dict):
            if problem := unknown_option(override, options):
                result.problems.append(problem)
                result.unread.append(path_key(override))  # which the option that is not there would have
            else:
                result.choices.append(override)
        else:
            result.values.append(override)
    return result


@cache
def _group_options(loader: ConfigLoader, group: str, verb: str, search_path: tuple[str, ...]) -> list[str]:
    """Names of the options of a group; none for a key. Hydra composes anew for each answer."""
    return list(loader.get_group_options(group, config_name=verb, overrides=list(search_path)))


def opens(config: DictConfig, override: Override) -> bool:
    """Whether an override sets a new key in a node that takes any: one that is empty in the tree, but for holders.

    Args:
        config: composed with choices only.
        override: of a value; Hydra takes it with a `+` alone.
    """
    key = override.key_or_group
    node = key if isinstance(override.value(), dict) else key.rpartition(".")[0]
    found = OmegaConf.select(config, node) if node and node.rpartition(".")[2] not in HOLDERS else None
    plain = not (override.is_add() or override.is_force_add() or override.is_delete())
    return plain and isinstance(found, DictConfig) and not found


def change(config: DictConfig, override: Override, choices: Sequence[str]) -> str | None:
    """Apply `override` to `config` in place, or tell why it cannot be.

    Args:
        config: changed.
        override: of the value of a key.
        choices: that the configuration makes of options, such as `data` or `data/format`.
    """
    key, text = override.key_or_group, override.input_line
    whole = [choice for choice in choices if (choice.partition("@")[2] or choice.replace("/", ".")) == key]
    if whole and not isinstance(override.value(), dict):
        return f"{text}: `{key}` is chosen as a whole, with `{whole[0]}=OPTION`"
    if override.is_delete() and _is_needed(config, key):
        return f"{text}: `{key}` cannot be left out; set it to another value"
    try:
        apply_override(override, config)
    except HydraException as error:
        keys = list(key_paths(OmegaConf.to_container(config, resolve=False)))
        if override.is_add():
            return f"{text}: `{key}` exists already; leave out the `+` to change it"
        if key not in keys:
            names = [*keys, *(choice for choice in choices if "/" in key and "/" in choice)]
            hint = _options_with(key, override.value(), keys) or did_you_mean_key(key, names)
            return f"{key}: no such key or group{hint}"
        return f"{text}: {' '.join(str(error.__cause__ or error).split())}"
    return None


def _is_needed(config: DictConfig, key: str) -> bool:
    """Whether a key is one that rmexp reads itself, and no argument of a target, nor a name in a node of any names."""
    above = key.rpartition(".")[0]
    node = OmegaConf.select(config, above) if above else config
    named = above.rpartition(".")[2] in (*HOLDERS, *OF_NAMES)
    return isinstance(node, DictConfig) and key.rpartition(".")[2] in node and not named and "_target_" not in node


def key_paths(content: Any, prefix: str = "") -> Iterator[str]:
    """Dotted paths of all keys in plain data, of inner nodes and of leaves, without Hydra's own.

    >>> list(key_paths({"a": {"b": 1}, "hydra": {"c": 2}}))
    ['a', 'a.b']
    """
    if isinstance(content, dict):
        for key, value in content.items():
            if prefix or key != "hydra":
                yield f"{prefix}{key}"
                yield from key_paths(value, f"{prefix}{key}.")


def _options_with(key: str, value: Any, keys: Sequence[str]) -> str:
    """Other options of the group that do have the key, such as data=jsonl for `data.path`."""
    group, _, name = key.partition(".")
    if group not in keys:
        return ""
    if name == "path" and (reader := reader_of(group, value)):
        return f"; that is read with {group}={reader} {typed(key, value)}"
    found = [f"{group}={option}" for option in options_with(group, name)]
    return f"; {' and '.join(found)} {'has' if len(found) == 1 else 'have'} it" if found and name else ""
