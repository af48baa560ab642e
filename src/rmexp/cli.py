"""`rmexp VERB [overrides]`: finds the verb, checks the command line as a whole, then lets Hydra run the job."""

import importlib
import logging
import os
import sys
import traceback
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rmexp
from rmexp.config.problems import ConfigurationError, did_you_mean
from rmexp.config.tree import conf_folder, verbs

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


@dataclass
class Cells:
    """What became of the cells of a multirun; of a single run, of its one job.

    Attributes:
        failures: a message for each that failed.
        folders: the run folders of those of a multirun that finished, in the order run.
        sweep_dir: of the multirun.
    """

    failures: list[str] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    sweep_dir: Path | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, that of this process by default.

    Returns:
        0 done; 1 the job failed or its configuration has problems; 2 wrong usage; 130 interrupted.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    match arguments:
        case []:
            print(general_help(), file=sys.stderr)
            return USAGE
        case ["--help" | "-h", *_]:
            print(general_help())
            return DONE
        case ["--version", *_]:
            print(f"rmexp {rmexp.__version__}")
            return DONE
        case ["--shell-completion" | "-sc", *_]:  # Hydra's completion calls without a verb
            arguments = ["train", *arguments]
    verb, *rest = arguments
    _log_to_terminal()
    if verb not in verbs():
        return _fail(f"unknown verb `{verb}`{did_you_mean(verb, verbs()) or '; see rmexp --help'}", USAGE)
    try:
        return _run(verb, rest)
    except KeyboardInterrupt as error:
        return _fail(str(error) or "interrupted", INTERRUPTED)
    except SystemExit as error:  # of the argument parser and of Hydra's own reports
        return error.code if isinstance(error.code, int) else DONE if error.code is None else FAILED
    except Exception as error:
        return _fail(_in_words(error), FAILED, error)


def _log_to_terminal() -> None:
    """Progress and remarks of the library go to standard error; results go to standard output."""
    log = logging.getLogger("rmexp")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.handlers = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False


def general_help() -> str:
    """What `rmexp --help` prints."""
    width = max(map(len, verbs()))
    return "\n".join(
        [
            "usage: rmexp VERB [KEY=VALUE ...] [-m]",
            "",
            *(f"  {verb:{width}}  {phrase}" for verb, phrase in verbs().items()),
            "",
            "examples:",
            "  rmexp compare data=json_vs_text model=tiny",
            "  rmexp train task=reward data=jsonl data.path=PAIRS.jsonl optimizer.lr=1e-5",
            "  rmexp train -m task=reward data=json_vs_text optimizer.lr=1e-4,1e-3 seed=0,1",
            "",
            "rmexp VERB --help lists groups, options and keys; rmexp VERB --cfg job shows the configuration.",
            f"The YAML files behind them are in {conf_folder()}",
        ]
    )


def _run(verb: str, arguments: list[str]) -> int:
    # Hydra's own entry point, one step below hydra.main, which would read sys.argv: that stays as it is, verb and all,
    # for Lightning starts the other ranks of a ddp run with it.
    from hydra._internal.utils import _run_hydra, get_args_parser

    parser: ArgumentParser = get_args_parser()
    parser.prog = f"rmexp {verb}"
    options = parser.parse_intermixed_args(arguments)
    if options.config_path or options.config_name or options.experimental_rerun:
        parser.error(
            "--config-path, --config-name and --experimental-rerun would go past the check of the configuration"
        )
    if sum(map(bool, (options.run, options.multirun, options.cfg, options.info, options.shell_completion))) > 1:
        parser.error("only one of --run, --multirun, --cfg, --info and --shell-completion makes sense")
    if options.help:
        from rmexp.config.help import verb_help

        print(verb_help(verb, options.overrides, options.config_dir))
        return DONE
    _check(verb, options)
    if not options.shell_completion and not options.hydra_help:
        from rmexp.config.compose import spelled_for_hydra

        options.overrides = spelled_for_hydra(verb, options.overrides, options.config_dir)
    cells = Cells()
    _run_hydra(
        args=options,
        args_parser=parser,
        task_function=_job(verb, cells),
        config_path=str(conf_folder()),
        config_name=verb,
    )
    _after_sweep(verb, cells)
    return FAILED if cells.failures else DONE


def _check(verb: str, options: Namespace) -> None:
    """Raise with all problems of the command line; what only shows a configuration may show an incomplete one."""
    from rmexp.config.compose import compose, compose_unchecked
    from rmexp.config.multirun import check_multirun

    if options.shell_completion or options.hydra_help:
        return
    if options.cfg or options.info:
        if problems := compose_unchecked(verb, options.overrides, options.config_dir).problems:
            raise ConfigurationError(problems)
    elif options.multirun or "hydra.mode=MULTIRUN" in options.overrides:
        check_multirun(verb, options.overrides, options.config_dir)
    else:
        compose(verb, options.overrides, options.config_dir)


def _job(verb: str, cells: Cells) -> Callable[[Any], Any]:
    """The function that Hydra calls, once or for each cell of a multirun.

    Args:
        verb: its code is the function of the same name in the module of the same name in `rmexp.run`.
        cells: where results go; a failed cell does not keep the others from running.
    """
    process = os.getpid()

    def job(config: Any) -> Any:
        try:
            result = getattr(_module(verb), verb.replace("-", "_"))(config)
        except Exception as error:
            cells.failures.append(_cell() + _in_words(error))
            if os.getpid() != process:  # started by a launcher: `cells` is a copy, only an exception gets back
                from hydra.errors import CompactHydraException

                raise CompactHydraException(f"rmexp: {cells.failures[-1]}") from None
            _fail(cells.failures[-1], FAILED, error)
            return None
        if _cell() and isinstance(result, Path):
            cells.folders.append(result)
            cells.sweep_dir = Path(config.sweep_dir)
        return result

    return job


def _after_sweep(verb: str, cells: Cells) -> None:
    """Give a verb its say over a whole multirun: `after_sweep(folders, sweep_dir)` of its module, where it has one.

    It is called once, with the run folders of the cells that finished, and not at all when none did or when a launcher
    ran them in other processes.
    """
    if cells.sweep_dir is not None and (hook := getattr(_module(verb), "after_sweep", None)) is not None:
        hook(list(cells.folders), cells.sweep_dir)


def _module(verb: str) -> Any:
    return importlib.import_module(f"rmexp.run.{verb.replace('-', '_')}")


def _cell() -> str:
    """What tells this cell of a multirun from the others; nothing in a single run."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    hydra = HydraConfig.get()
    return f"{' '.join(hydra.overrides.task)}: " if hydra.mode == RunMode.MULTIRUN else ""


def _in_words(error: Exception) -> str:
    """One line; the type goes with it where the message was not made for users."""
    if isinstance(error, ConfigurationError):
        return str(error)
    text = " ".join(str(error).split())
    return (
        text if text and isinstance(error, ValueError | OSError | RuntimeError) else f"{type(error).__name__}: {text}"
    )


def _fail(message: str, code: int, error: Exception | None = None) -> int:
    if error is not None and os.environ.get("HYDRA_FULL_ERROR") == "1":
        traceback.print_exception(error)
    print(f"rmexp: {message}", file=sys.stderr)
    return code
