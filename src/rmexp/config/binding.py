"""Whether the keys of nodes with a `_target_` are what the target takes, found out without importing it."""

import ast
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rmexp.config.build import FRAMES, OWN_ARGUMENTS, SAID_ANYWAY, WAITING, framed_group, group_of
from rmexp.config.parameters.annotations import fits, misfit, of_values, same
from rmexp.config.parameters.signatures import Signature, signature_of
from rmexp.config.problems import did_you_mean
from rmexp.jsonl import JsonObject

_SPECIAL = ("_target_", "_partial_", "_recursive_", "_convert_")


class Problem(NamedTuple):
    """What is wrong, and the dotted path of the key to change."""

    path: str
    text: str


class Unknown:
    """Stands for a value that is not there: not set, or an interpolation that leads nowhere."""


def unbound(node: Any, path: str = "") -> Iterator[Problem]:
    """What the targets in plain data do not take, or lack.

    Args:
        node: a configuration with its interpolations resolved.
        path: of the node, with a dot at its end unless it is the whole configuration.
    """
    waiting = isinstance(node, dict) and bool(node) and group_of(path[:-1]) in WAITING
    if waiting and "_target_" not in node:
        yield Problem(f"{path}_target_", "not set; the YAML file of an option names its function or class by it")
    elif isinstance(node, dict) and "_target_" in node:
        yield from _unbound_target(node, path)
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from unbound(value, f"{path}{key}.")


def _unbound_target(node: JsonObject, path: str) -> Iterator[Problem]:
    target = node["_target_"]
    group = framed_group(path[:-1])
    frames = FRAMES[group] if group else ()
    try:
        signatures = {name: signature_of(name) for name in (*frames, target)}
    except ValueError as error:
        yield Problem(f"{path}_target_", str(error))
        return
    if group_of(path[:-1]) in WAITING and not node.get("_partial_", False):
        text = "takes true: rmexp gives the rest of its arguments (write `_partial_: true` into the YAML file)"
        yield Problem(f"{path}_partial_", text)
        return
    takes_any = any(signature.takes_any for signature in signatures.values())
    takers = {key: name for name in reversed(signatures) for key in signatures[name].parameters}  # the frame's first
    own, anyway = (known.get(group or "", {}) for known in (OWN_ARGUMENTS, SAID_ANYWAY))
    for key, value in node.items():
        if key in anyway and same(value, anyway[key]):
            continue
        if key in own:
            yield Problem(f"{path}{key}", f"is set by rmexp itself; {own[key]}")
        elif key in takers:
            yield from _misfit(value, signatures[takers[key]], key, path)
        elif key not in _SPECIAL and (not takes_any or key.startswith("_")):
            yield Problem(f"{path}{key}", f"{target} takes no `{key}`{did_you_mean(key, takers)}")
    for name, signature in signatures.items():
        waits = name not in frames and node.get("_partial_", False)
        for key, parameter in signature.parameters.items():
            if parameter.required and key not in node and not waits:
                yield Problem(f"{path}{key}", f"{name} needs it; set +{path}{key}=...")


def _misfit(value: Any, signature: Signature, key: str, path: str) -> Iterator[Problem]:
    annotation = signature.parameters[key].annotation
    if annotation:
        yield from _misfits(value, annotation, signature.aliases, f"{path}{key}")


def _misfits(value: Any, annotation: ast.expr, aliases: Mapping[str, ast.expr], path: str) -> Iterator[Problem]:
    """What an annotation does not take: of keys with values each by itself."""
    if isinstance(value, Unknown) or (isinstance(value, dict) and "_target_" in value):
        return
    if isinstance(value, dict) and (inner := of_values(annotation)) is not None:
        for name, item in value.items():
            yield from _misfits(item, inner, aliases, f"{path}.{name}")
    elif not fits(value, annotation, aliases):
        yield Problem(path, misfit(value, annotation, aliases))
