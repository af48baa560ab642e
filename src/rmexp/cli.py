"""`rmexp VERB [overrides]`: finds the verb, checks the command line as a whole, then lets Hydra run the job."""

import atexit
import gc
import importlib
import logging
import os
import shlex
import sys
import time
import traceback
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, NoReturn

import rmexp
from rmexp.config.help.general import general_help
from rmexp.config.problems import ConfigurationError, did_you_mean, in_words
from rmexp.config.tree import conf_folder, verbs
from rmexp.hardware.processes import command_line, end_with_starter, this_process
from rmexp.hardware.termination import told_of_termination
from rmexp.hardware.waiting import wait_asleep
from rmexp.phases import Phase, counting, importing, interruption, phase, phase_seconds
from rmexp.phases import in_words as seconds_in_words
from rmexp.plugins.named import flags, with_plugins, with_search_path
from rmexp.standard_streams import open_closed_streams, standard_streams

log = logging.getLogger(__name__)
DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
OWN_WORDS = 5.0  # seconds before a process that follows another says what has ended it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, that of this process by default.

    Returns:
        0 done; 1 the job failed or its configuration has problems; 2 wrong usage; 130 interrupted.
    """
    open_closed_streams()
    atexit.register(gc.freeze)  # or Python looks through all that was imported once more before it ends
    try:
        code = _main(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains again when it closes
        return FAILED
    return code


def _main(arguments: Sequence[str] | None) -> int:
    try:
        arguments = with_plugins(sys.argv[1:] if arguments is None else arguments)
    except ValueError as error:
        return _fail(str(error), USAGE)
    match arguments:
        case []:
            print(general_help(), file=sys.stderr)
            return USAGE
        case ["help" | "--help" | "-h"]:
            print(general_help())
            return DONE
        case ["help" | "--help" | "-h", verb, *names]:
            arguments = [verb, "--help", *names]
        case ["--version", *_]:
            print(f"rmexp {rmexp.__version__}")
            return DONE
        case ["--shell-completion" | "-sc", word] if word.startswith("query="):  # a shell asks
            from rmexp.config.help.completion import tell_completions

            tell_completions(os.environ.get("COMP_LINE", ""))
            return DONE
        case ["--shell-completion" | "-sc", *_]:
            arguments = ["train", *arguments]  # Hydra's scripts are the same for all verbs
    verb, *rest = arguments
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")  # transformers draws one for every file that it reads
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # it warns of buckets that are kept for a purpose
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")  # or looking for a GPU keeps forked processes from it
    wait_asleep()
    if verb not in verbs():
        return _fail(f"unknown verb `{verb}`{did_you_mean(verb, verbs()) or '; see rmexp --help'}", USAGE)
    end_with_starter()
    with counting(), command_line([*flags(), verb, *rest]):
        return _told(verb, rest)


def _told(verb: str, arguments: list[str]) -> int:
    """Run a verb; whatever ends it is told in a sentence."""
    try:
        with told_of_termination(), standard_streams():
            return _run(verb, arguments)
    except KeyboardInterrupt as error:
        if this_process().number:  # the one that it follows says so
            return INTERRUPTED
        code = _fail(str(error) or interruption(), INTERRUPTED)
        print(f"go on with: {shlex.join(['rmexp', *flags(), verb, *arguments])}", file=sys.stderr)
        return code
    except SystemExit as error:  # of the argument parser and of Hydra's own reports
        return error.code if isinstance(error.code, int) else DONE if error.code is None else FAILED
    except BrokenPipeError:
        raise
    except Exception as error:
        return _fail(in_words(error), FAILED, error)


def _run(verb: str, arguments: list[str]) -> int:
    from rmexp.config.compose import with_implied_choices
    from rmexp.config.help.flags import wrong_flag
    from rmexp.config.help.short_forms import spelled_out
    from rmexp.config.hydra_private import command_line_parser
    from rmexp.config.identity.moved import with_todays_overrides
    from rmexp.config.overrides import with_texts_quoted

    arguments = spelled_out(verb, arguments)
    parser = command_line_parser()
    parser.prog = f"rmexp {verb}"

    def refuse(message: str) -> NoReturn:
        raise SystemExit(_fail(f"{message}; see rmexp {verb} --help", USAGE))

    parser.error = refuse  # type: ignore[method-assign]  # argparse's own prints all flags first
    if sentence := wrong_flag(verb, arguments, parser._option_string_actions):
        return _fail(sentence, USAGE)
    options = parser.parse_intermixed_args(arguments)
    if options.config_path or options.config_name or options.experimental_rerun:
        parser.error(
            "--config-path, --config-name and --experimental-rerun would go past the check of the configuration"
        )
    if options.multirun and (options.cfg or options.info):
        parser.error("--cfg and --info show one configuration, -m runs several: leave out -m, and all values but one")
    if sum(map(bool, (options.run, options.multirun, options.cfg, options.info, options.shell_completion))) > 1:
        parser.error("only one of --run, --multirun, --cfg, --info and --shell-completion makes sense")
    options.overrides = with_implied_choices(verb, with_todays_overrides(options.overrides), options.config_dir)
    if options.help:
        from rmexp.config.help.key_help import asked_for
        from rmexp.config.help.page import show

        show(asked_for(verb, options.overrides, options.config_dir))
        return DONE
    options.overrides = with_texts_quoted(verb, options.overrides)
    if options.cfg or options.info or options.shell_completion or options.hydra_help:
        return _answer(verb, options, parser)
    return _work(verb, options)


def _work(verb: str, options: Namespace) -> int:
    """Run the job, or those of a multirun."""
    failures: list[str] = []
    with ExitStack() as composing:
        composing.enter_context(phase(Phase.CONFIGURATION))
        from rmexp.config.compose import run
        from rmexp.config.multirun import is_multirun
        from rmexp.config.recognition import with_recognised

        if options.multirun or is_multirun(verb, options.overrides, options.config_dir):
            return _sweep(verb, options, composing)
        overrides = with_recognised(verb, options.overrides, options.config_dir)
        run(verb, overrides, options.config_dir, _job(verb, options, composing, failures))
    return FAILED if failures else DONE


def _answer(verb: str, options: Namespace, parser: ArgumentParser) -> int:
    """What Hydra answers itself; what only shows a configuration may show an incomplete one."""
    from rmexp.config.compose import compose_unchecked, spelled_for_hydra
    from rmexp.config.hydra_private import answer

    if options.cfg or options.info:
        if problems := compose_unchecked(verb, options.overrides, options.config_dir).problems:
            raise ConfigurationError(problems)
        options.overrides = spelled_for_hydra(verb, options.overrides, options.config_dir)
    options.overrides = with_search_path(options.overrides)
    answer(options, parser, str(conf_folder()), verb)
    return DONE


def _sweep(verb: str, options: Namespace, composing: ExitStack) -> int:
    """Run the cells of a multirun, then give the verb its say over those that finished.

    That is `after_sweep(folders, sweep_dir)` of its module, where it has one.

    Args:
        verb: of every cell.
        options: of the command line, parsed.
        composing: closed when the cells are known.
    """
    from rmexp.config.compose import compose
    from rmexp.config.data_told import tell_data
    from rmexp.config.multirun import read_multirun
    from rmexp.sweeps.outcomes import FAILED as CELL_FAILED
    from rmexp.sweeps.outcomes import show_outcomes
    from rmexp.sweeps.sweep import run_sweep

    importlib.import_module("rmexp.verbs.call").refuse_others(verb, sweep=True)
    multirun = read_multirun(verb, options.overrides, options.config_dir)
    composing.close()
    tell_data(verb, options.overrides, options.config_dir)
    outcomes = run_sweep(verb, multirun, options.config_dir)
    show_outcomes(outcomes)
    folders = [outcome.folder for outcome in outcomes if outcome.state != CELL_FAILED]
    if folders and (hook := getattr(_module(verb), "after_sweep", None)) is not None:
        hook(folders, multirun.folder)
    if folders:
        call = importlib.import_module("rmexp.verbs.call")
        call.tell_sweep(verb, compose(verb, multirun.cells[0].overrides, options.config_dir), multirun, folders)
    return DONE if len(folders) == len(outcomes) else FAILED


def _job(verb: str, options: Namespace, composing: ExitStack, failures: list[str]) -> Callable[[Any], Any]:
    """The function that Hydra calls.

    Args:
        verb: its code is the function of the same name in the module of the same name in `rmexp.verbs`.
        options: of the command line, parsed.
        composing: closed when Hydra has composed the configuration.
        failures: where the message goes when it fails.
    """
    from omegaconf import OmegaConf

    from rmexp.config.data_told import tell_data
    from rmexp.config.identity.values import leaves

    def job(config: Any) -> Any:
        composing.close()
        tell_data(verb, options.overrides, options.config_dir)
        try:
            done = importlib.import_module("rmexp.verbs.call").call(verb, config)
            log.info("%s", seconds_in_words(phase_seconds()))
            return done
        except Exception as error:
            failures.append(in_words(error, leaves(OmegaConf.to_container(config, resolve=False))))
            _fail(failures[-1], FAILED, error)
            return None

    return job


def _module(verb: str) -> Any:
    with importing():
        return importlib.import_module(f"rmexp.verbs.{verb.replace('-', '_')}")


def _fail(message: str, code: int, error: Exception | None = None) -> int:
    if error is not None and os.environ.get("HYDRA_FULL_ERROR") == "1":
        traceback.print_exception(error)
    process = this_process()
    if process.starter is not None:
        time.sleep(OWN_WORDS)  # it ends this process when it comes to the same, and says so itself
    who = f"process {process.number} of {process.count}: " if process.number else ""
    print(f"rmexp: {who}{message}", file=sys.stderr)
    return code
