"""The check of a multirun: its cells as single command lines, judged before the first of them runs."""

import itertools
from collections.abc import Iterator, Sequence

from hydra.core.override_parser.types import IntervalSweep, Override

from rmexp.config.check import problems_of
from rmexp.config.compose import compose_unchecked, config_loader
from rmexp.config.overrides import Overrides, read_overrides
from rmexp.config.problems import ConfigurationError

MOST_CELLS = 64  # that are checked; each further combination of options would cost a composition


def check_multirun(verb: str, overrides: Sequence[str], folder: str | None = None) -> None:
    """Check every combination of options and every value of a multirun, up to `MOST_CELLS`, before anything runs.

    Args:
        verb: name of the primary configuration.
        overrides: sweeps such as `data=a,b` among them.
        folder: searched for options before the tree.

    Raises:
        ConfigurationError: with every problem of every cell.
    """
    loader = config_loader(folder)
    whole = read_overrides(loader, verb, overrides, sweeps=True)
    problems = [*whole.problems, *_shared_folder(whole)]
    for cell in itertools.islice(_cells(whole), MOST_CELLS):
        composed = compose_unchecked(verb, cell, folder)
        problems += [*composed.problems, *problems_of(composed.config, composed.skeleton)]
    if problems:
        raise ConfigurationError(problems)


def _cells(overrides: Overrides) -> Iterator[list[str]]:
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


def _expand(override: Override) -> list[str]:
    if not override.is_sweep_override():
        return [str(override.input_line)]
    key, sweep = override.get_key_element(), override.value()
    if isinstance(sweep, IntervalSweep):  # for sweepers that sample
        return [f"{key}={sweep.start}"]
    return [f"{key}={value}" for value in override.sweep_string_iterator()]
