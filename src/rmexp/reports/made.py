"""How a page was made, which stands at its end: by what command, of what, with which versions."""

import shlex
from pathlib import Path
from typing import NamedTuple

from rmexp.runs.environment import Environment
from rmexp.runs.folder import read_environment


class Made(NamedTuple):
    """How a page was made.

    Attributes:
        folder: of the run, as text for the reader.
        environment: of the run, with its command.
        config_yaml: composed configuration, redacted.
    """

    folder: str
    environment: Environment
    config_yaml: str

    @property
    def command(self) -> str:
        """The command line as one would type it; empty where it is not known."""
        words = self.environment.command
        return shlex.join(("rmexp", *words[1:])) if words else ""

    @property
    def versions(self) -> str:
        """Of rmexp, of Python and of what else counts."""
        found = {**self.environment.packages}
        own = found.pop("rmexp", None)
        commit = self.environment.git_commit
        parts = [f"rmexp {own}{f' ({commit[:12]})' if commit else ''}"] if own else []
        parts += [f"Python {self.environment.python}"] if self.environment.python else []
        return ", ".join([*parts, *(f"{name} {version}" for name, version in found.items())])


def made_in(folder: Path, config_yaml: str) -> Made:
    """How the page of a run is made.

    Args:
        folder: of the run.
        config_yaml: composed configuration, redacted.
    """
    return Made(str(folder), read_environment(folder), config_yaml)
