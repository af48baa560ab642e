"""Every key of a composed configuration with its meaning, its default, what it may be, and where that is written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from rmexp.config.build import FRAMES, framed_group
from rmexp.config.compose import Composed
from rmexp.config.help.docstrings import docstring_of, first_sentence, told_of
from rmexp.config.help.sources import choice_of, places, remark, remark_around, sources
from rmexp.config.parameters.annotations import in_words
from rmexp.config.parameters.signatures import signature_of


@dataclass(frozen=True)
class Described:
    """One key.

    Attributes:
        path: dotted, as it is written on the command line.
        value: as composed now, references followed where they lead somewhere.
        default: of the same key with the same choices of options and nothing else changed.
        reference: the key that the value is taken from; None for a value of its own.
        meaning: in words; empty where nothing is written of it.
        values: what it may be, of the annotation of its parameter; empty where nothing is known.
        choice: that it comes with, such as `data` or `loss@sft.loss`; empty for keys of the verb itself.
        places: files and lines that set it, the one that counts first.
        target: the function or class that takes it; None where rmexp reads it itself.
    """

    path: str
    value: Any
    default: Any
    reference: str | None
    meaning: str
    values: str
    choice: str
    places: list[str]
    target: str | None


def described(verb: str, composed: Composed, folder: str | None = None) -> list[Described]:
    """All keys that a verb has now, in the order of the configuration.

    Args:
        verb: name of the primary configuration.
        composed: its configuration.
        folder: searched for options that the tree does not have.
    """
    files = sources(verb, composed.choices, folder)
    content = OmegaConf.to_container(composed.config, resolve=False)
    defaults = dict(_leaves(OmegaConf.to_container(composed.skeleton, resolve=False)))
    found = []
    for path, raw in _leaves(content):
        taken = _taken_by(content, path)
        value = _followed(composed.config, path, raw)
        told = first_sentence(_docstring(taken[0]).get(taken[1], "")) if taken else ""
        found.append(
            Described(
                path=path,
                value=value,
                default=_followed(composed.skeleton, path, defaults[path]) if defaults.get(path, raw) != raw else value,
                reference=_reference(raw, path),
                meaning=remark(files, path) or told or remark_around(files, path),
                values=_parameters(taken[0])[taken[1]] if taken else "",
                choice=choice_of(files, path),
                places=places(files, path),
                target=taken[0] if taken else None,
            )
        )
    return found


def _leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{path}{key}.")
        elif not str(key).startswith("_"):
            yield f"{path}{key}", value


def _followed(config: Any, path: str, raw: Any) -> Any:
    """A value with its references followed, as it stands where they lead nowhere."""
    if not isinstance(raw, str) or "${" not in raw:
        return raw
    try:
        value = OmegaConf.select(config, path, throw_on_missing=True)
    except OmegaConfBaseException:
        return raw
    return OmegaConf.to_container(value, resolve=False) if OmegaConf.is_config(value) else value


def _reference(raw: Any, path: str) -> str | None:
    """The key that `${...}` leads to, where it is one and nothing else."""
    if not isinstance(raw, str) or not raw.startswith("${") or not raw.endswith("}") or ":" in raw:
        return None
    name = raw[2:-1]
    dots = len(name) - len(name.lstrip("."))
    above = path.split(".")[:-dots] if dots else []
    return ".".join([*above, name.lstrip(".")])


def _taken_by(content: Any, path: str) -> tuple[str, str] | None:
    """The target that takes a key as one of its parameters, and the name of the parameter."""
    node_path, _, name = path.rpartition(".")
    node = content
    for part in node_path.split(".") if node_path else ():
        node = node[part]
    group = framed_group(node_path)
    own = [str(node["_target_"])] if "_target_" in node else []
    return next(
        ((target, name) for target in (*FRAMES.get(group or "", ()), *own) if name in _parameters(target)), None
    )


@cache
def _parameters(target: str) -> Mapping[str, str]:
    """What each parameter of a target may be, in words."""
    try:
        signature = signature_of(target)
    except ValueError:
        return {}
    return {name: in_words(each.annotation, signature.aliases) for name, each in signature.parameters.items()}


@cache
def _docstring(target: str) -> Mapping[str, str]:
    return told_of(docstring_of(target))
