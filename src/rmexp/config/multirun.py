"""A multirun as a command line asks for it: its cells, judged before the first of them runs, and their folders."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from hydra.core.override_parser.types import IntervalSweep, Override
from omegaconf import DictConfig

from rmexp.config.check import problems_of
from rmexp.config.compose import compose_unchecked, config_loader, hydra_config, spelled_for_hydra
from rmexp.config.folders import cell_name, sweep_folder
from rmexp.config.hydra_private import BASIC_SWEEPER
from rmexp.config.identity.saved import PLACES
from rmexp.config.overrides import Overrides, read_overrides, without_unread
from rmexp.config.problems import ConfigurationError
from rmexp.config.recognition import recognised_cells

MOST_CELLS = 64  # that are checked; each further combination of options would cost a composition


class Cell(NamedTuple):
    """One run of a multirun.

    Attributes:
        name: its folder below that of the sweep, told by the swept overrides alone.
        overrides: its command line.
    """

    name: str
    overrides: list[str]


class Multirun(NamedTuple):
    """What `-m` asks for.

    Attributes:
        cells: in the order of the command line.
        folder: of the sweep.
        fixed: overrides that all cells share, without places.
        swept: keys that differ.
        hydra: overrides of Hydra itself.
        named: whether cells go to the folders of their names, which `run_dir` may keep them from.
    """

    cells: list[Cell]
    folder: Path
    fixed: list[str]
    swept: list[str]
    hydra: list[str]
    named: bool


def is_multirun(verb: str, overrides: Sequence[str], folder: str | None = None) -> bool:
    """Whether a command line without `-m` is a multirun all the same, by `hydra.mode` or an option that sets it."""
    return str(hydra_config(verb, overrides, folder).mode).endswith("MULTIRUN")


def read_multirun(verb: str, overrides: Sequence[str], folder: str | None = None) -> Multirun:
    """Take a multirun apart, and check its combinations of options and every value, up to `MOST_CELLS`.

    Args:
        verb: name of the primary configuration.
        overrides: sweeps such as `data=a,b` among them.
        folder: searched for options that the tree does not have.

    Raises:
        ConfigurationError: with every problem of every cell.
    """
    loader = config_loader(folder)
    hydra = hydra_config(verb, overrides, folder)
    if hydra.sweeper._target_ != BASIC_SWEEPER:
        raise ConfigurationError(["hydra/sweeper: a sweep is a product of values; leave it at basic"])
    params = [f"{key}={value}" for key, value in (hydra.sweeper.params or {}).items()]
    given = read_overrides(loader, verb, overrides, sweeps=True)
    own = {_key(override) for override in [*given.choices, *given.values]}
    texts = [*(text for text in params if text.partition("=")[0] not in own), *overrides]
    whole = read_overrides(loader, verb, texts, sweeps=True)
    problems = [*whole.problems, *_shared_folder(whole), *_intervals(whole)]
    checked = recognised_cells(verb, list(itertools.islice(_checked(whole), MOST_CELLS)), folder)
    composed = [compose_unchecked(verb, cell, folder) for cell in checked]
    for cell in composed:
        problems += [*cell.problems, *without_unread(problems_of(cell.config, cell.skeleton), whole.unread)]
    if problems:
        raise ConfigurationError(problems)
    spelled = read_overrides(loader, verb, spelled_for_hydra(verb, texts, folder), sweeps=True)
    return _multirun(verb, spelled, composed[0].config, folder)


def _multirun(verb: str, overrides: Overrides, config: DictConfig, folder: str | None) -> Multirun:
    everything = [*overrides.choices, *overrides.values]
    hydra = [override for override in everything if override.is_hydra_override()]
    own = [override for override in everything if not override.is_hydra_override()]
    swept = [_key(override) for override in own if override.is_sweep_override()]
    fixed = [str(o.input_line) for o in own if not o.is_sweep_override() and _key(o) not in PLACES]
    lines = list(itertools.product(*map(_expand, own)))
    full = recognised_cells(verb, lines, folder)
    cells = [Cell(cell_name(line, swept), found) for line, found in zip(lines, full, strict=True)]
    where = sweep_folder(verb, config.sweep_dir, fixed, swept)
    texts = [str(override.input_line) for override in hydra]
    return Multirun(cells, where, sorted(fixed), sorted(swept), texts, named=config.run_dir is None)


def _key(override: Override) -> str:
    return str(override.get_key_element()).lstrip("+~")


def _checked(overrides: Overrides) -> Iterator[list[str]]:
    """Command lines that hold every combination of options, and every other swept value at least once each."""
    values = [_expand(override) for override in overrides.values]
    rounds = max(map(len, values), default=1)
    for choices in itertools.product(*map(_expand, overrides.choices)):
        for index in range(rounds):
            yield [*choices, *(lines[index % len(lines)] for lines in values)]


def _shared_folder(overrides: Overrides) -> list[str]:
    """A problem when all cells would write into one folder."""
    fixed = [text for override in overrides.values if override.key_or_group == "run_dir" for text in _expand(override)]
    sweeps = any(override.is_sweep_override() for override in [*overrides.choices, *overrides.values])
    if sweeps and len(fixed) == 1 and "${" not in fixed[0]:
        return [f"{fixed[0]}: every cell of the multirun would write there; set sweep_dir, a folder for all of them"]
    return []


def _intervals(overrides: Overrides) -> list[str]:
    """A problem for each key whose values would have to be drawn."""
    return [
        f"{override.input_line}: an interval has no values to go through; list them, or write range(FROM,TO,STEP)"
        for override in overrides.values
        if isinstance(override.value(), IntervalSweep)
    ]


def _expand(override: Override) -> list[str]:
    if not override.is_sweep_override():
        return [str(override.input_line)]
    key, sweep = override.get_key_element(), override.value()
    if isinstance(sweep, IntervalSweep):  # is a problem
        return [f"{key}={sweep.start}"]
    return [f"{key}={value}" for value in override.sweep_string_iterator()]
