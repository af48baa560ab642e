"""What a finished cell of a multirun was made from, so that it can be passed over without composing anything.

It is a stamp, not a proof: where anything has changed, the verb runs and compares contents.
"""

import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from glob import glob, has_magic
from hashlib import sha256
from itertools import islice
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

import rmexp
from rmexp.config.identity.saved import PLACES, saved_yaml
from rmexp.config.identity.values import leaves
from rmexp.config.tree import conf_folders
from rmexp.durable import write_json
from rmexp.plugins.named import plugins
from rmexp.runs.rows import read_record, to_row
from rmexp.runs.summaries.file import SUMMARY

log = logging.getLogger(__name__)
STAMP = "cell.json"
MOST_FILES = 5000  # of a folder
_OUTPUTS = tuple(place.rpartition(".")[2] for place in PLACES)
_VARIABLE = re.compile(r"\$\{oc\.env:(\w+)")


@dataclass(frozen=True, slots=True)
class Stamp:
    """The content of cell.json.

    Attributes:
        overrides: of the cell, without what says where things go.
        tree: state of the program and of its configuration tree.
        files: state of each file that the configuration names.
        variables: fingerprint of each variable of the environment that it names.
    """

    overrides: tuple[str, ...] = ()
    tree: str | None = None
    files: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)


def tree_state(config_dir: str | None) -> str:
    """Version of the program and state of every YAML file that a composition may read."""
    digest = sha256(rmexp.__version__.encode())
    for plugin in plugins():
        digest.update(plugin.fingerprint().encode())
    for folder in (*conf_folders(), *([Path(config_dir)] if config_dir else [])):
        for path in sorted(folder.rglob("*.yaml")):
            digest.update(f"{path.relative_to(folder)} {file_state(path)}".encode())
    return digest.hexdigest()[:16]


def leave_stamp(folder: Path, config: DictConfig, overrides: Sequence[str], tree: str) -> None:
    """Write `cell.json` into the folder of a finished cell; one that cannot be written only costs time later."""
    content = OmegaConf.to_container(config, resolve=True)
    files = {str(path): state for path, state in file_states(content).items()}
    variables = {name: _variable(name) for name in _VARIABLE.findall(saved_yaml(config))}
    stamp = Stamp(tuple(_own(overrides)), tree, files, variables)
    try:
        write_json(folder / STAMP, to_row(stamp))
    except OSError as error:
        log.info("%s cannot be written: %s", folder / STAMP, error.strerror)


def unchanged(folder: Path, overrides: Sequence[str], tree: str) -> bool:
    """Whether a finished cell would be made from the same again."""
    if not (folder / SUMMARY).is_file():
        return False
    stamp = read_stamp(folder)
    return (
        stamp.overrides == tuple(_own(overrides))
        and stamp.tree == tree
        and all(file_state(Path(path)) == state for path, state in stamp.files.items())
        and all(_variable(name) == value for name, value in stamp.variables.items())
    )


def read_stamp(folder: Path) -> Stamp:
    """What a cell was made from; nothing where that was not left."""
    try:
        return read_record(Stamp, folder / STAMP)
    except (OSError, ValueError):
        return Stamp()


def _own(overrides: Sequence[str]) -> list[str]:
    """Without what only says where things go, and without the `+` that Hydra may need."""
    texts = [text.lstrip("+") for text in overrides]
    return sorted(text for text in texts if text.partition("=")[0] not in PLACES)


def file_states(content: object) -> dict[Path, tuple[int, ...]]:
    """The state of each file that a configuration names, and of those in folders that it names.

    Args:
        content: of it, as plain data.
    """
    return {path: file_state(path) for path in _named_files(leaves(content))}


def _named_files(values: Mapping[str, object]) -> Iterator[Path]:
    for key, value in values.items():
        for text in value if isinstance(value, list) else [value]:
            if not isinstance(text, str) or not 0 < len(text) < 1024 or key.rpartition(".")[2] in _OUTPUTS:
                continue
            path = Path(text)
            if path.is_file():
                yield path
            elif has_magic(text):
                yield from sorted(found for found in map(Path, glob(text, recursive=True)) if found.is_file())
            elif path.is_dir():
                yield from islice((file for file in sorted(path.rglob("*")) if file.is_file()), MOST_FILES)


def file_state(path: Path) -> tuple[int, ...]:
    """Size and times of a file; the second time cannot be set back."""
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _variable(name: str) -> str:
    return sha256(os.environ.get(name, "").encode()).hexdigest()[:8]
