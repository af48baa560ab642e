"""Packages of users: their functions and classes are allowed targets, the YAML of their `conf/` is options.

A plug-in is named on the command line (`--plugin NAME`), in the variable RMEXP_PLUGINS, or by an installed package in
the entry point `rmexp.plugins`; never by a configuration, which may have come with data or with a model.
"""

import hashlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

VARIABLE = "RMEXP_PLUGINS"
FLAG = "--plugin"
GROUP = "rmexp.plugins"


@dataclass(frozen=True)
class Plugin:
    """One of them.

    Attributes:
        name: that its targets start with.
        path: its folder, or its only file.
        conf: the folder of its options; None where it has none.
    """

    name: str
    path: Path
    conf: Path | None

    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits of the SHA-256 of its Python and YAML files."""
        digest = hashlib.sha256()
        files = [self.path] if self.path.is_file() else sorted([*self.path.rglob("*.py"), *self.path.rglob("*.yaml")])
        for file in files:
            digest.update(f"{file.relative_to(self.path.parent)}\0".encode() + file.read_bytes())
        return digest.hexdigest()[:16]


def plugins() -> tuple[Plugin, ...]:
    """All that there are, none of them imported.

    Raises:
        ValueError: one that is named does not exist.
    """
    return _found(os.environ.get(VARIABLE, ""))


def with_plugins(arguments: Sequence[str]) -> list[str]:
    """Arguments of a command line without those that name plug-ins, which this process and those it starts then have.

    Raises:
        ValueError: a name is missing, or there is no such plug-in.
    """
    left, named, words = list[str](), list[str](), iter(arguments)
    for word in words:
        if word == FLAG:
            named.append(next(words, ""))
        elif word.startswith(f"{FLAG}="):
            named.append(word.partition("=")[2])
        else:
            left.append(word)
    if "" in named:
        raise ValueError(f"{FLAG} needs the name of a package, or the path of a Python file, behind it")
    if named:
        known = [name for name in os.environ.get(VARIABLE, "").split(",") if name]
        os.environ[VARIABLE] = ",".join(dict.fromkeys([*known, *map(_absolute, named)]))  # workers may be elsewhere
    plugins()
    return left


def prefixes() -> tuple[str, ...]:
    """What the dotted names of targets in plug-ins start with."""
    return tuple(f"{plugin.name}." for plugin in plugins())


def is_own(file: str | Path | None) -> bool:
    """Whether a file is one of a plug-in."""
    return file is not None and any(Path(file).resolve().is_relative_to(plugin.path.resolve()) for plugin in plugins())


def place(file: str | Path, line: int) -> str:
    """File and line as people and editors read them."""
    path = Path(file).resolve()
    return f"{path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}:{line}"


def flags() -> list[str]:
    """Words that name the plug-ins of this process on another command line."""
    return [word for name in os.environ.get(VARIABLE, "").split(",") if name for word in (FLAG, name)]


def with_search_path(overrides: Sequence[str]) -> list[str]:
    """Overrides by which Hydra itself finds the options of plug-ins, unless they name folders of their own."""
    folders = [f"'file://{plugin.conf}'" for plugin in plugins() if plugin.conf is not None]
    own = any(text.startswith("hydra.searchpath=") for text in overrides)
    return [*overrides, f"hydra.searchpath=[{','.join(folders)}]"] if folders and not own else [*overrides]


def _absolute(name: str) -> str:
    return str(Path(name).resolve()) if _is_path(name) else name


def _is_path(name: str) -> bool:
    return os.sep in name or name.endswith(".py")


@cache
def _found(variable: str) -> tuple[Plugin, ...]:
    named = [name.strip() for name in variable.split(",") if name.strip()]
    installed = (entry.value.partition(":")[0] for entry in entry_points(group=GROUP))
    found = {plugin.name: plugin for plugin in _all([*named, *installed])}
    return tuple(found.values())


def _all(names: Sequence[str]) -> Iterator[Plugin]:
    for name in names:
        yield _of_a_path(Path(name)) if _is_path(name) else _of_a_package(name)


def _of_a_path(path: Path) -> Plugin:
    """A file, or a folder of a package, that is not installed."""
    path = path.resolve()
    if not path.exists() or not (path.is_dir() or path.suffix == ".py") or not path.stem.isidentifier():
        raise ValueError(f"{path}: expected a Python file or the folder of a package (set {FLAG} or {VARIABLE})")
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    if other := _shadowing(path):
        raise ValueError(f"{path}: Python takes `{path.stem}` from {other} (give the plug-in a name of its own)")
    return Plugin(path.stem, path, _conf(path))


def _shadowing(path: Path) -> str | None:
    """Where Python finds another module of a file's or a folder's name, so that this one would never be imported."""
    try:
        spec = importlib.util.find_spec(path.stem)
    except ValueError:  # it was imported without anything that says from where
        spec = None
    if spec is None:
        return "elsewhere"
    places = [place for place in (spec.origin, *(spec.submodule_search_locations or ())) if place is not None]
    return None if any(Path(place).resolve().is_relative_to(path) for place in places) else places[0]


def _of_a_package(name: str) -> Plugin:
    try:
        spec = importlib.util.find_spec(name)
    except (ModuleNotFoundError, ValueError):
        spec = None
    if spec is None or name.partition(".")[0] == "rmexp":
        here = f"; write {FLAG} ./{name}" if Path(name).is_dir() else ""
        raise ValueError(
            f"the plug-in `{name}` does not exist: no such package is installed (set {FLAG} or {VARIABLE}; a file or a "
            f"folder is named by its path{here})"
        )
    places = list(spec.submodule_search_locations or ())
    path = Path(places[0] if places else str(spec.origin))
    return Plugin(name, path, _conf(path))


def _conf(path: Path) -> Path | None:
    """`conf/` in the package, or beside a file."""
    folder = (path if path.is_dir() else path.parent) / "conf"
    return folder if folder.is_dir() else None
