"""What rmexp takes from the private parts of Hydra, all in one place: another version may move them."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl as ConfigLoader
from hydra._internal.utils import _run_hydra, create_config_search_path, get_args_parser
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import Override
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig

__all__ = [
    "BASIC_SWEEPER",
    "ConfigLoader",
    "apply_override",
    "command_line_parser",
    "launched",
    "new_search_path",
    "run_job",
]

BASIC_SWEEPER = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"  # the target of Hydra's own sweeper


def command_line_parser() -> ArgumentParser:
    """The parser of Hydra's own options."""
    parser: ArgumentParser = get_args_parser()
    return parser


def run_job(options: Namespace, parser: ArgumentParser, job: Callable[[Any], Any], folder: str, name: str) -> None:
    """Compose and run a job as Hydra does.

    This is one step below `hydra.main`, which would read `sys.argv`. That stays as it is, verb and all, for Lightning
    starts the other ranks of a run with it.

    Args:
        options: of the command line, parsed.
        parser: that parsed them.
        job: is given the composed configuration.
        folder: of the configuration tree.
        name: of the primary configuration.
    """
    _run_hydra(args=options, args_parser=parser, task_function=job, config_path=folder, config_name=name)


def new_search_path(folder: str) -> ConfigSearchPath:
    """A search path that begins with a folder and goes on with Hydra's own."""
    path: ConfigSearchPath = create_config_search_path(folder)
    return path


def apply_override(override: Override, config: DictConfig) -> None:
    """Set one value in a configuration, in place.

    Raises:
        HydraException: the configuration does not take it.
    """
    ConfigLoader._apply_overrides_to_config([override], config)


def launched(
    name: str,
    path: ConfigSearchPath,
    overrides: Sequence[str],
    cells: Sequence[Sequence[str]],
    job: Callable[[Any], Any],
    opened: Callable[[DictConfig], None],
) -> list[Any]:
    """Let the configured launcher run cells, one after the other or side by side.

    Args:
        name: of the primary configuration.
        path: where options are searched.
        overrides: that all cells share.
        cells: overrides of each.
        job: is given the composed configuration of a cell, in whatever process the launcher has put it.
        opened: is given the configuration of the launcher before it starts.

    Returns:
        What the job gave for each cell.
    """
    from hydra._internal.callbacks import Callbacks
    from hydra._internal.hydra import Hydra
    from hydra.core.plugins import Plugins

    hydra = Hydra.create_main_hydra2(f"rmexp_{name}", path)
    try:
        config = hydra.compose_config(name, list(overrides), RunMode.MULTIRUN, with_log_configuration=True)
        context = HydraContext(config_loader=hydra.config_loader, callbacks=Callbacks(config))
        opened(config)
        launcher = Plugins.instance().instantiate_launcher(hydra_context=context, task_function=job, config=config)
        return [done.return_value for done in launcher.launch(cells, initial_job_idx=0)]
    finally:
        GlobalHydra.instance().clear()
