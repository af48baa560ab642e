"""What a run ran in: command line, versions, commit, machine."""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rmexp.runs.rows import IF_KNOWN

PACKAGES = ("rmexp", "torch", "lightning", "transformers", "tokenizers", "torchmetrics", "hydra-core", "numpy")


@dataclass(frozen=True, slots=True)
class Machine:
    """What a run ran on.

    Attributes:
        system: in words.
        processors: of it.
        memory_mb: in MiB.
    """

    system: str = ""
    processors: int | None = None
    memory_mb: int | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """The content of environment.json.

    Attributes:
        command: line, word by word.
        start: of the process, in UTC.
        end: of the run; None until it has finished.
        seed: of the run; None for a verb without one.
        python: its version.
        packages: versions by name.
        git_commit: of the checkout; None for an installed package.
        machine: that it ran on.
        inputs: fingerprints of what the configuration only names; None where it is not known yet.
        plugins: fingerprint of each plug-in by its name; None where there are none.
        choices: the option chosen for each node of the configuration; None where that is not known.
    """

    command: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None
    seed: int | None = None
    python: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    git_commit: str | None = None
    machine: Machine | None = None
    inputs: Mapping[str, str | None] | None = None
    plugins: Mapping[str, str] | None = field(default=None, metadata=IF_KNOWN)
    choices: Mapping[str, str] | None = field(default=None, metadata=IF_KNOWN)


def environment(seed: int | None, inputs: Mapping[str, str | None]) -> Environment:
    """A record of the process and its surroundings, with the time of its start."""
    return Environment(
        command=(Path(sys.argv[0]).name, *sys.argv[1:]),
        start=now(),
        seed=seed,
        python=platform.python_version(),
        packages={name: found for name in PACKAGES if (found := _version(name))},
        git_commit=_git_commit(),
        machine=Machine(platform.platform(), os.cpu_count(), _memory_mb()),
        inputs=dict(inputs),
    )


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@cache
def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@cache
def _git_commit() -> str | None:
    """The commit of the checkout that this code was loaded from; None for an installed package."""
    folder = Path(__file__).parent
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, timeout=5, check=True
        )
        tracked = subprocess.run(
            ["git", "ls-files", "--error-unmatch", Path(__file__).name], cwd=folder, capture_output=True, timeout=5
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() if tracked.returncode == 0 else None


def _memory_mb() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    except (ValueError, OSError):
        return None
