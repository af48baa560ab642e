"""What rmexp takes from the private parts of Hydra, all in one place: another version may move them."""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

from hydra._internal.config_loader_impl import ConfigLoaderImpl as ConfigLoader
from hydra._internal.config_loader_impl import get_overrides_dirname
from hydra._internal.config_repository import ConfigRepository
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.utils import _run_hydra, create_config_search_path, get_args_parser
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import Override
from hydra.core.utils import JobRuntime, configure_log
from hydra.core.utils import run_job as hydra_run_job
from hydra.plugins.config_source import ConfigResult
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, OmegaConf

__all__ = [
    "BASIC_SWEEPER",
    "ConfigLoader",
    "answer",
    "apply_override",
    "command_line_parser",
    "launched",
    "load",
    "new_loader",
    "new_search_path",
    "note",
    "option",
    "run_job",
]

BASIC_SWEEPER = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"  # the target of Hydra's own sweeper


def command_line_parser() -> ArgumentParser:
    """The parser of Hydra's own options."""
    parser: ArgumentParser = get_args_parser()
    return parser


def answer(options: Namespace, parser: ArgumentParser, folder: str, name: str) -> None:
    """Do what an option of Hydra's asks for that runs no job: show a configuration, complete a word, help.

    Args:
        options: of the command line, parsed.
        parser: that parsed them.
        folder: of the configuration tree.
        name: of the primary configuration.
    """
    _run_hydra(args=options, args_parser=parser, task_function=lambda _: None, config_path=folder, config_name=name)


@cache
def _content(path: Path, text: str) -> Any:
    """What a YAML file says while this is its text."""
    return OmegaConf.to_container(OmegaConf.load(path))


class _Files(FileConfigSource):  # type: ignore[misc]
    """Hydra's source of YAML files, but that each is parsed once a process: composing reads them again and again."""

    def load_config(self, config_path: str) -> ConfigResult:
        path = Path(self.path, self._normalize_file_name(config_path))
        text = path.read_text(encoding="utf-8")
        header = self._get_header_dict(text[:512])
        return ConfigResult(self.provider, f"file://{self.path}", OmegaConf.create(_content(path, text)), header)


class _Repository(ConfigRepository):  # type: ignore[misc]
    """Hydra's repository with such files."""

    sources: list[Any]

    def initialize_sources(self, config_search_path: ConfigSearchPath) -> None:
        super().initialize_sources(config_search_path)
        self.sources = [_Files(one.provider, one.path) if one.scheme() == "file" else one for one in self.sources]


def new_loader(path: ConfigSearchPath) -> ConfigLoader:
    """Hydra's loader of what lies on a search path."""
    loader = ConfigLoader(path)
    loader.repository = _Repository(path)
    return loader


def load(loader: ConfigLoader, name: str, choices: Sequence[str], mode: RunMode = RunMode.RUN) -> DictConfig:
    """Hydra's composition; in multirun mode a choice that must still be made is no error."""
    JobRuntime.instance().set("name", name)  # what `hydra.job.name` is where nothing else sets it
    config: DictConfig = loader.load_configuration(name, list(choices), mode, validate_sweep_overrides=False)
    return config


@cache
def option(loader: ConfigLoader, group: str, name: str) -> DictConfig:
    """What the file of an option says, over what the files of the same group say that it includes.

    Args:
        loader: knows where options are.
        group: such as `data/format`.
        name: of the option.
    """
    file = loader.repository.load_config(f"{group}/{name}")
    included = [other.path for other in file.defaults_list] or ["_self_"]
    parts = [file.config if other == "_self_" else option(loader, group, other) for other in included]
    return cast(DictConfig, OmegaConf.merge(*parts))


def note(config: DictConfig, overrides: Sequence[Override]) -> None:
    """Note in Hydra's own node which overrides a configuration has and where it is made, as Hydra does."""
    own = [override for override in overrides if not override.is_hydra_override()]
    config.hydra.overrides.task = [override.input_line for override in own]
    config.hydra.job.override_dirname = get_overrides_dirname(own, **config.hydra.job.config.override_dirname)
    config.hydra.runtime.cwd = os.getcwd()


def run_job(config: DictConfig, loader: ConfigLoader, job: Callable[[Any], Any]) -> None:
    """Run a job as Hydra does one that it has composed itself.

    This is below `hydra.main`, which would read `sys.argv`. That stays as it is, verb and all, for Lightning starts the
    other ranks of a run with it.

    Args:
        config: composed, with Hydra's own node.
        loader: that composed it.
        job: is given the configuration without that node.
    """
    from hydra._internal.callbacks import Callbacks
    from hydra._internal.hydra import Hydra

    name = config.hydra.job.config_name
    config.hydra.mode = RunMode.RUN
    GlobalHydra.instance().initialize(Hydra(name, loader))
    try:
        configure_log(config.hydra.hydra_logging, config.hydra.verbose)
        callbacks = Callbacks(config)
        callbacks.on_run_start(config=config, config_name=name)
        done = hydra_run_job(
            hydra_context=HydraContext(config_loader=loader, callbacks=callbacks),
            task_function=job,
            config=config,
            job_dir_key="hydra.run.dir",
            job_subdir_key=None,
        )
        callbacks.on_run_end(config=config, config_name=name, job_return=done)
        _ = done.return_value  # raises what the job has raised
    finally:
        _forget_job()


def _forget_job() -> None:
    """Leave nothing of a job behind, so that what this process composes next is outside of it."""
    GlobalHydra.instance().clear()
    HydraConfig.instance().cfg = None


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
    launchers: Sequence[type[Launcher]],
) -> list[Any]:
    """Let the configured launcher run cells, one after the other or side by side.

    Args:
        name: of the primary configuration.
        path: where options are searched.
        overrides: that all cells share.
        cells: overrides of each.
        job: is given the composed configuration of a cell, in whatever process the launcher has put it.
        opened: is given the configuration of the launcher before it starts.
        launchers: of rmexp, for Hydra makes none that are in another package than its own.

    Returns:
        What the job gave for each cell.
    """
    from hydra._internal.callbacks import Callbacks
    from hydra._internal.hydra import Hydra
    from hydra.core.plugins import Plugins

    hydra = Hydra.create_main_hydra2(f"rmexp_{name}", path)
    hydra.config_loader = new_loader(path)
    try:
        config = hydra.compose_config(name, list(overrides), RunMode.MULTIRUN, with_log_configuration=True)
        context = HydraContext(config_loader=hydra.config_loader, callbacks=Callbacks(config))
        opened(config)
        launcher = _own(launchers, config.hydra.launcher)
        if launcher is None:
            launcher = Plugins.instance().instantiate_launcher(hydra_context=context, task_function=job, config=config)
        else:
            launcher.setup(hydra_context=context, task_function=job, config=config)
        return [done.return_value for done in launcher.launch(cells, initial_job_idx=0)]
    finally:
        _forget_job()


def _own(launchers: Sequence[type[Launcher]], node: DictConfig) -> Launcher | None:
    """The launcher that a node names, where it is among some."""
    options = {str(key): value for key, value in node.items()}
    target = options.pop("_target_")
    made = [launcher(**options) for launcher in launchers if f"{launcher.__module__}.{launcher.__name__}" == target]
    return made[0] if made else None
