"""Run folders: claimed by one process, bound to one configuration, finished only when everything is in them."""

import fcntl
import logging
import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TypeVar

from rmexp.durable import remove_parts, write_json, write_text
from rmexp.hardware.processes import this_process
from rmexp.left_files import read_text, read_yaml
from rmexp.phases import interruption
from rmexp.runs.begun import forget, has_begun
from rmexp.runs.environment import Environment, environment, now
from rmexp.runs.failure import write_failure
from rmexp.runs.files import CONFIG, ENVIRONMENT, FAILURE, LOCK
from rmexp.runs.kept_work import RunStopped, kept_work
from rmexp.runs.rows import read_record, to_row
from rmexp.runs.summaries.file import SUMMARY, Summary, read_summary, write_summary

log = logging.getLogger(__name__)

MODEL, LAST_MODEL = "model", "last_model"  # folders of the kept weights, and of the last ones where these are others

LATER = (".tokenizer", ".base")  # ends of the names of inputs that earlier versions did not note

T = TypeVar("T", bound=Summary)


@dataclass(frozen=True)
class RunConfig:
    """The configuration that a folder is bound to, as plain values.

    Attributes:
        text: YAML, as it may be kept.
        seed: of the run; None for a verb without one.
        differences: where the YAML of another configuration differs from this one, in words; empty if alike.
        fingerprint: eight hexadecimal digits: of two configurations that are the same run, the same ones, also where a
            target or a key has moved, or came later and changes nothing.
        former_fingerprint: that of earlier versions, to which a run with other loggers was another one.
        plugins: fingerprint of each plug-in by its name.
        choices: the option chosen for each node; None where nobody chose.
    """

    text: str
    seed: int | None
    differences: Callable[[str], list[str]]
    fingerprint: str = ""
    former_fingerprint: str = ""
    plugins: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, str] | None = None


class FolderRefused(ValueError):
    """The folder is another run's: nothing may be written there."""


@dataclass(frozen=True, eq=False)
class RunFolder:
    """A folder that this process holds, or that the process which it follows holds; made by `claim` and `shared`.

    Attributes:
        path: of the folder.
        config: that it is bound to.
        inputs: fingerprints of what the configuration only names.
        environment: that it is made in.
    """

    path: Path
    config: RunConfig
    inputs: Mapping[str, str | None]
    environment: Environment

    @property
    def model(self) -> Path:
        """Where the model goes."""
        return self.path / MODEL

    def summary(self, kind: type[T]) -> T | None:
        """The final figures, when the run has finished."""
        return None if _outdated(self.path, self.inputs) else read_summary(self.path, kind)

    def finish(self, summary: Summary) -> None:
        """Write the final figures: the last thing that a run does."""
        write_json(self.path / ENVIRONMENT, to_row(replace(self.environment, end=now())))
        (self.path / FAILURE).unlink(missing_ok=True)
        write_summary(self.path, summary)


@contextmanager
def claim(path: Path, config: RunConfig, inputs: Mapping[str, str | None]) -> Iterator[RunFolder]:
    """Hold a run folder while a run is made in it.

    Args:
        path: of the folder; made when missing.
        config: of the run; a folder in which another one has done something is refused.
        inputs: fingerprints of what the configuration only names, such as the content of data files. A folder made from
            other inputs is moved aside.

    Yields:
        The folder. An exception leaves `failure.json` in it until the run goes on; Ctrl-C leaves it to be gone on with.

    Raises:
        ValueError: the folder cannot be written, is held by another process, or belongs to another configuration.
        RunStopped: the block was interrupted.
    """
    _other_configuration(path, config)  # what is refused is left as it is, without a lock
    with _bound(path, config, inputs):
        remove_parts(path)
        record = environment(config.seed, inputs)
        record = replace(record, plugins=config.plugins or None, choices=config.choices)
        if not (path / SUMMARY).exists():
            (path / FAILURE).unlink(missing_ok=True)
            write_text(path / CONFIG, config.text)
            write_json(path / ENVIRONMENT, to_row(record))
        try:
            yield RunFolder(path, config, inputs, record)
        except RunStopped:  # of a run in this one
            raise
        except KeyboardInterrupt as error:
            raise RunStopped(f"{str(error) or interruption()}; {kept_work(path)}") from None
        except Exception as error:
            with suppress(OSError):  # a full disk must not hide what filled it
                write_failure(path, error)
            raise


@contextmanager
def shared(path: Path, config: RunConfig, inputs: Mapping[str, str | None]) -> Iterator[RunFolder]:
    """A run folder of several processes: the first one claims it, see `claim`, the others write nothing in it."""
    if this_process().number:
        yield RunFolder(path, config, inputs, Environment())
        return
    with claim(path, config, inputs) as run:
        yield run


def same_inputs(noted: Mapping[str, str | None] | None, inputs: Mapping[str, str | None]) -> bool:
    """Whether a folder was made of some inputs, as far as its version noted them."""
    return not _other_inputs(noted, inputs)


def _other_inputs(noted: Mapping[str, str | None] | None, inputs: Mapping[str, str | None]) -> list[str]:
    known = dict(noted or {})
    due = {name: value for name, value in inputs.items() if name in known or not name.endswith(LATER)}
    return sorted({name for name, _ in known.items() ^ due.items()})


def read_environment(folder: Path) -> Environment:
    """What a run ran in; with nothing in it where that was not left."""
    path = folder / ENVIRONMENT
    return read_record(Environment, path) if path.is_file() else Environment()


def read_config(folder: Path) -> str:
    """The saved configuration of a run, as text.

    Raises:
        ValueError: it is damaged.
    """
    read_yaml(folder / CONFIG)
    return read_text(folder / CONFIG)


def _other_configuration(path: Path, config: RunConfig) -> bool:
    """Whether a folder was claimed for another configuration, which has done nothing there."""
    changed = config.differences(read_config(path)) if (path / CONFIG).is_file() else []
    if changed and has_begun(path):
        raise FolderRefused(
            f"the run folder {path} holds another configuration ({'; '.join(changed[:5])}"
            f"{'; ...' if len(changed) > 5 else ''}); set another run_dir, or delete the folder"
        )
    return bool(changed)


def _bound(path: Path, config: RunConfig, inputs: Mapping[str, str | None]) -> IO[str]:
    """Take a folder's lock, and out of the folder what no longer holds, whatever was left there until then."""
    with ExitStack() as held:
        lock = held.enter_context(_hold(path))
        if _other_configuration(path, config):
            forget(path)
        others = _outdated(path, inputs)
        if not others:
            held.pop_all()
            return lock
        _move_aside(path, others)
    return _bound(path, config, inputs)


def _outdated(path: Path, inputs: Mapping[str, str | None]) -> list[str]:
    """Inputs of which a folder has others."""
    return _other_inputs(read_environment(path).inputs, inputs) if (path / ENVIRONMENT).is_file() else []


def _move_aside(path: Path, others: Sequence[str]) -> None:
    number = 1
    while (aside := path.with_name(f"{path.name}-outdated-{number}")).exists():
        number += 1
    path.rename(aside)
    log.info("%s was made from other inputs (%s): moved to %s", path, ", ".join(others), aside.name)


def _hold(path: Path) -> IO[str]:
    """Take the folder's lock, which dies with its process, so that there are no stale ones."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = (path / LOCK).open("a+")
    except OSError as error:
        raise ValueError(f"the run folder {path} cannot be written: {error.strerror} (set run_dir)") from error
    try:
        fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        owner = (path / LOCK).read_text().strip() or "unknown"
        raise FolderRefused(f"the run folder {path} is in use by another run (process {owner}); set run_dir") from error
    if not _is_at(lock, path / LOCK):  # the folder was moved aside before the lock was free
        lock.close()
        return _hold(path)
    lock.truncate(0)
    lock.write(f"{os.getpid()} on {platform.node()}")
    lock.flush()
    return lock


def _is_at(file: IO[str], path: Path) -> bool:
    """Whether an open file is the one that lies at a path."""
    return path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat())
