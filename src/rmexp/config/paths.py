"""Files, models and folders that a configuration names: looked for before anything heavy is imported."""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from rmexp.config.parameters.definitions import class_constant
from rmexp.config.problems import ConfigurationError
from rmexp.config.stages import stage_names
from rmexp.config.written import unwritable
from rmexp.lines import check_file
from rmexp.models.backbones.location import is_adapter, is_model_folder, model_folder
from rmexp.plugins.named import prefixes
from rmexp.sources.file_names import is_place, named_files

FILE, DATA, MODEL = "a file", "data", "model"  # what a key names; the last is what scorers call it too
_FILES = {
    "rmexp.sources.files.files": ("path", "val_path", "test_path"),
    "rmexp.sources.candidate_files.candidates": ("path",),
    "rmexp.sources.candidate_files.demonstrations": ("path", "val_path"),
    "rmexp.sources.text.text": ("paths",),
}
_DATA = ("rmexp.sources.hub.hub", "rmexp.sources.suite.suite")
_SCORERS = ("rmexp.scoring.",)
_BACKBONES = "rmexp.models.backbones."
_VERBS_OWN = {"candidates.path": FILE, "candidates.policy": MODEL}


class Named(NamedTuple):
    """A key that names something to be read.

    Attributes:
        key: dotted path.
        what: one of `FILE`, `DATA`, `MODEL`, or what a scorer calls it.
    """

    key: str
    what: str


def look_for_paths(config: DictConfig) -> None:
    """Look for all that a configuration reads, and whether it can be written where it is to be.

    A run folder in the place of a model becomes the model in it.

    Raises:
        ConfigurationError: something is not there, each with its key and the nearest name beside it, or a folder cannot
            be written to.
    """
    problems, stages = [*unwritable(_content(config))], stage_names(config)
    for key, what in _named(config):
        value = _value(config, key)
        if not value or (what == MODEL and value in stages):  # such as `reward`, which this run trains
            continue
        if what == MODEL and (found := model_folder(value)) != value:
            OmegaConf.update(config, key, found)
        elif problem := _problem(value, what, key):
            problems.append(problem)
    if problems:
        raise ConfigurationError(problems)


def _named(config: DictConfig) -> Iterator[Named]:
    yield from (Named(key, what) for key, what in _VERBS_OWN.items() if OmegaConf.select(config, key) is not None)
    yield from (Named(f"{name}.path", MODEL) for name in stage_names(config) if "path" in config[name])
    yield from _in_nodes(_content(config), "")


def _content(config: DictConfig) -> dict[str, Any]:
    content = OmegaConf.to_container(config, resolve=False)
    assert isinstance(content, dict)
    return {str(key): value for key, value in content.items()}


def _in_nodes(node: Any, path: str) -> Iterator[Named]:
    if not isinstance(node, Mapping):
        return
    reads = _read_by(node["_target_"]) if isinstance(node.get("_target_"), str) else {}
    yield from (Named(f"{path}{key}", what) for key, what in reads.items() if key in node)
    for key, value in node.items():
        yield from _in_nodes(value, f"{path}{key}.")


def _read_by(target: str) -> dict[str, str]:
    """Arguments of a target that name something to be read, and what."""
    if target in _FILES:
        return dict.fromkeys(_FILES[target], FILE)
    if target in _DATA:
        return {"path": DATA}
    if target.startswith(_BACKBONES):
        return dict.fromkeys(("path", "init_from", "reference"), MODEL)
    return class_constant(target, "reads") or {} if target.startswith(_SCORERS + prefixes()) else {}


def _value(config: DictConfig, key: str) -> Any:
    """A path or a list of these; None where the key has none."""
    try:
        found = OmegaConf.select(config, key)
    except OmegaConfBaseException:  # whoever needs it says so
        return None
    if isinstance(found, ListConfig):
        texts = [*found]
        return texts if all(isinstance(text, str) for text in texts) else None
    return found if isinstance(found, str) and found != "???" else None


def _problem(value: Any, what: str, key: str) -> str | None:
    for text in [value] if isinstance(value, str) else value:
        try:
            _look_for(text, what, key)
        except ValueError as error:
            said, of = str(error), f" (set {key})"
            return f"{said.removesuffix(of)}{nearest_path(text)}{of}"
    return None


def _look_for(text: str, what: str, key: str) -> None:
    """Raise a ValueError where a path leads to nothing of its kind."""
    if what == MODEL:
        if not is_adapter(text):
            is_model_folder(text)
    elif what == FILE:
        for path in named_files(text, key):
            check_file(path, key)
    elif what == DATA:
        if is_place(text) and not Path(text).exists():
            raise ValueError(f"{text}: expected a folder or a hub id, but there is no such folder")
    elif not Path(text).exists():
        raise ValueError(f"{text}: expected {what}, but there is none")


def nearest_path(text: str) -> str:
    """`; did you mean ...?` with the nearest name beside the part of a path that is missing; else nothing."""
    path = Path(text)
    missing = next((part for part in [*reversed(path.parents), path] if not part.exists()), None)
    if missing is None or not missing.parent.is_dir():
        return ""
    names = [other.name for other in missing.parent.iterdir() if not other.name.startswith(".")]
    near = [missing.parent / name for name in difflib.get_close_matches(missing.name, sorted(names), n=1, cutoff=0.7)]
    return "".join(f"; did you mean `{_with_rest(other, path.relative_to(missing))}`?" for other in near)


def _with_rest(place: Path, rest: Path) -> Path:
    return place / rest if (place / rest).exists() else place
