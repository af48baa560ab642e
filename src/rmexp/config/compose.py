"""The configuration of a verb from the YAML tree and the overrides of a command line, checked as a whole."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, cast

from hydra import version
from hydra.core.config_search_path import ConfigSearchPath, SearchPathQuery
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from rmexp.config.check import problems_of
from rmexp.config.hydra_private import ConfigLoader, load, new_loader, new_search_path, note, run_job
from rmexp.config.identity import named_after, unset
from rmexp.config.impossible import flat, impossible, key_of, taken_away
from rmexp.config.overrides import change, opens, read_overrides, without_unread
from rmexp.config.problems import ConfigurationError
from rmexp.config.tree import conf_folder, hidden_options
from rmexp.plugins.named import Plugin, plugins

for resolver, function in ((named_after.RESOLVER, named_after.name_after), (unset.RESOLVER, unset.unset)):
    OmegaConf.register_new_resolver(resolver, function, replace=True)  # here, for all that is composed

# Groups for which a verb chooses no option, with the one that other verbs choose: its keys alone stand for it.
IMPLIED = {"filter": {"scorer": "explicit"}}

_COMPOSITION_ERRORS = (HydraException, OmegaConfBaseException, ValueError)


class Composed(NamedTuple):
    """What the overrides made of the tree.

    Attributes:
        config: with all overrides.
        skeleton: with the choices of options only: every key that the YAML tree knows.
        choices: the option chosen now for each group of the verb.
        problems: of the overrides, which were then left out.
        with_hydra: the configuration and Hydra's own node.
        unread: keys of overrides that are not in Hydra's grammar.
    """

    config: DictConfig
    skeleton: DictConfig
    choices: dict[str, str | None]
    problems: list[str]
    with_hydra: DictConfig
    unread: list[str]


def compose(verb: str, overrides: Sequence[str], folder: str | None = None) -> DictConfig:
    """Compose and check the configuration of one run.

    Args:
        verb: name of the primary configuration, `conf/<verb>.yaml`.
        overrides: in Hydra's grammar, such as `data=jsonl`, `optimizer.lr=1e-4`.
        folder: searched for options that the tree does not have.

    Raises:
        ConfigurationError: with every problem, not only the first.
    """
    return _sound(verb, overrides, folder).config


def run(verb: str, overrides: Sequence[str], folder: str | None, job: Callable[[Any], Any]) -> None:
    """Let Hydra run a job with what `compose` makes of the same arguments.

    Args:
        verb: see `compose`.
        overrides: see `compose`.
        folder: see `compose`.
        job: is given the configuration.

    Raises:
        ConfigurationError: with every problem; then nothing has run.
    """
    run_job(_sound(verb, overrides, folder).with_hydra, config_loader(folder), job)


def _sound(verb: str, overrides: Sequence[str], folder: str | None) -> Composed:
    composed = compose_unchecked(verb, overrides, folder)
    problems = [*composed.problems, *without_unread(problems_of(composed.config, composed.skeleton), composed.unread)]
    if problems:
        raise ConfigurationError(problems)
    return composed


def compose_unchecked(verb: str, overrides: Sequence[str], folder: str | None = None) -> Composed:
    """Compose a configuration, leaving out and reporting the overrides that do not fit the tree."""
    loader = config_loader(folder)
    choices, values, wrong, unread = read_overrides(loader, verb, overrides)
    needed = taken_away(verb, choices, lambda others: _choices(_choose(loader, verb, others)[0]))
    choices = [override for override in choices if override.input_line not in needed]
    wrong, unread = [*wrong, *needed.values()], [*unread, *(f"{key_of(text)}.path" for text in needed)]
    chosen = tuple(str(override.input_line) for override in choices)
    skeleton, impossible = _choose(loader, verb, chosen)
    config = deepcopy(skeleton)
    made = _choices(skeleton)
    problems = [*wrong, *impossible, *_hidden(made, folder)]
    for override in values:
        if opens(skeleton, override):
            override.type = OverrideType.ADD
        problems += [problem] if (problem := change(config, override, list(made))) else []
    note(config, [*choices, *values])
    return Composed(_without_hydra(config), _bare(loader, verb, chosen), made, problems, config, unread)


def spelled_for_hydra(verb: str, overrides: Sequence[str], folder: str | None = None) -> list[str]:
    """The overrides with a `+` before each that sets a new key in a node of the tree that takes any."""
    loader = config_loader(folder)
    read = read_overrides(loader, verb, overrides, sweeps=True)
    skeleton, _ = _choose(loader, verb, tuple(map(_first, read.choices)))
    opening = {override.input_line for override in read.values if opens(skeleton, override)}
    return [f"+{text}" if text in opening else text for text in overrides]


def with_implied_choices(verb: str, words: Sequence[str], folder: str | None = None) -> list[str]:
    """The words of a command line with the option that their keys stand for, where nothing that is chosen has one.

    >>> with_implied_choices("filter", ["scorer.path=a/model"])
    ['scorer=explicit', 'scorer.path=a/model']
    >>> with_implied_choices("filter", ["scorer=hub", "scorer.path=a/model"])
    ['scorer=hub', 'scorer.path=a/model']
    """
    keys = [word.lstrip("+~").partition("=")[0] for word in words]
    open_groups = {
        group: option
        for group, option in IMPLIED.get(verb, {}).items()
        if group not in keys and any(key.startswith(f"{group}.") for key in keys)
    }
    if not open_groups:
        return [*words]
    loader = config_loader(folder)
    choices = read_overrides(loader, verb, [word for word in words if "=" in word], sweeps=True).choices
    made = [_choose(loader, verb, chosen)[0] for chosen in itertools.product(*map(_each, choices))]
    implied = [group for group in open_groups if all(config[group] is None for config in made)]
    return [*(f"{group}={open_groups[group]}" for group in implied), *words]


def hydra_config(verb: str, overrides: Sequence[str], folder: str | None = None) -> DictConfig:
    """What a command line makes of Hydra itself: mode, sweeper, launcher."""
    loader = config_loader(folder)
    choices = read_overrides(loader, verb, overrides, sweeps=True).choices
    return cast(DictConfig, _choose(loader, verb, tuple(map(_first, choices)))[0].hydra)


def _each(choice: Override) -> list[str]:
    """A choice of an option, each by itself where several are swept."""
    if not choice.is_sweep_override():
        return [str(choice.input_line)]
    return [f"{choice.get_key_element()}={option}" for option in choice.sweep_string_iterator()]


def _first(choice: Override) -> str:
    """The same, the first one."""
    return _each(choice)[0]


@cache
def _choose(loader: ConfigLoader, verb: str, choices: tuple[str, ...]) -> tuple[DictConfig, list[str]]:
    """Compose with the choices that can be made; a problem for each that cannot."""
    try:
        return load(loader, verb, choices), []
    except _COMPOSITION_ERRORS as error:
        first = error
    try:
        known = _choices(load(loader, verb, (), RunMode.MULTIRUN))
    except _COMPOSITION_ERRORS:
        raise ConfigurationError([flat(first)]) from first
    accepted: list[str] = []
    problems: list[str] = []
    for choice in choices:
        try:
            made = load(loader, verb, (*accepted, choice), RunMode.MULTIRUN)
            accepted, known = [*accepted, choice], _choices(made)
        except _COMPOSITION_ERRORS as error:
            problems.append(f"{choice}: {impossible(verb, choice, known, error)}")
    try:
        return load(loader, verb, tuple(accepted)), problems
    except _COMPOSITION_ERRORS as error:
        return load(loader, verb, tuple(accepted), RunMode.MULTIRUN), [*problems, flat(error)]


def fits(verb: str, choice: str, folder: str | None = None) -> bool:
    """Whether a verb can make a choice, such as that of an experiment: whether it has all that this overrides."""
    try:
        load(config_loader(folder), verb, (choice,), RunMode.MULTIRUN)
    except _COMPOSITION_ERRORS:
        return False
    return True


@cache
def _bare(loader: ConfigLoader, verb: str, choices: tuple[str, ...]) -> DictConfig:
    return _without_hydra(_choose(loader, verb, choices)[0])


def config_loader(folder: str | None) -> ConfigLoader:
    """Hydra's loader for our tree, without Hydra's global state: composing works inside a running job too."""
    return _loader(folder, plugins())


@cache
def _loader(folder: str | None, plugins: tuple[Plugin, ...]) -> ConfigLoader:
    version.setbase("1.3")
    return new_loader(search_path(folder))


def search_path(folder: str | None) -> ConfigSearchPath:
    """Where options are searched: in our tree first, then in those of plug-ins, then in `folder`."""
    path = new_search_path(str(conf_folder()))
    for plugin in plugins():
        if plugin.conf is not None:
            path.prepend(plugin.name, f"file://{plugin.conf}", SearchPathQuery(provider="schema"))
    if folder is not None:
        path.prepend("command-line", f"file://{Path(folder).resolve()}", SearchPathQuery(provider="schema"))
    return path


def _choices(config: DictConfig) -> dict[str, str | None]:
    chosen = reversed(config.hydra.runtime.choices.items())  # Hydra notes the last of the defaults list first
    return {str(key): value for key, value in chosen if not key.startswith("hydra")}


def _hidden(choices: Mapping[str, str | None], folder: str | None) -> Iterator[str]:
    """A problem for each option whose own file, which says something else, is hidden by the tree's."""
    for choice, option in choices.items():
        for file in hidden_options(choice.partition("@")[0], str(option), folder):
            yield f"{choice}={option}: {file} is never read, for another option has its name (call it otherwise)"


def _without_hydra(config: DictConfig) -> DictConfig:
    copied = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    OmegaConf.set_struct(copied, True)
    return copied
