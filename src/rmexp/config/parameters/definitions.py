"""The source of a function or class by its dotted name, found and parsed without importing anything."""

import ast
import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from rmexp.config.identity.moved import moved_to
from rmexp.config.problems import did_you_mean

DOCUMENTED = ("lightning.",)  # packages that document their things where they only import them
Definition = ast.FunctionDef | ast.ClassDef


class Found(NamedTuple):
    """A definition and the module around it.

    Attributes:
        module: its file.
        node: what was looked for.
        definitions: functions and classes of its module by name.
        aliases: assignments of its module by name, for annotations that use them.
    """

    module: Path
    node: Definition
    definitions: Mapping[str, Definition]
    aliases: Mapping[str, ast.expr]


def find_definition(target: str) -> Found:
    """Find `target`, a dotted name that starts with the module that defines the thing.

    Raises:
        ValueError: there is no such module, or it defines no such thing, or it has moved.
    """
    if now := moved_to(target):
        raise ValueError(f"`{target}` has moved; write `{now}`")
    module, name = _module_file(target)
    body = _body(module)
    definitions = {node.name: node for node in body if isinstance(node, Definition)}
    if name not in definitions:
        origin = _origin(body, name, target)
        if origin is not None and target.startswith(DOCUMENTED):
            return find_definition(origin)
        hint = f"; did you mean `{origin}`?" if origin else did_you_mean(name, definitions)
        raise ValueError(f"`{target}` does not exist: {module.parent.name}/{module.name} defines no `{name}`{hint}")
    aliases = {
        node.targets[0].id: node.value
        for node in body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    return Found(module, definitions[name], definitions, aliases)


def class_constant(target: str, name: str) -> Any:
    """The plain data that a class gives a name in its body; None where `target` is no class or has no such name.

    Raises:
        ValueError: there is no such target.
    """
    node = find_definition(target).node
    for statement in node.body if isinstance(node, ast.ClassDef) else ():
        match statement:
            case ast.AnnAssign(target=ast.Name(id=found), value=ast.expr() as value) if found == name:
                return ast.literal_eval(value)
            case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                return ast.literal_eval(value)
    return None


def _module_file(target: str) -> tuple[Path, str]:
    """The file that should define `target`, and the name to look for in it."""
    top, *rest = target.split(".")
    spec = importlib.util.find_spec(top)
    if spec is not None and not spec.submodule_search_locations and spec.origin and len(rest) == 1:
        return Path(spec.origin), rest[0]  # a module of its own
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(f"`{target}` does not exist: the package `{top}` is not installed")
    folder = Path(spec.submodule_search_locations[0])
    while rest and (folder / rest[0]).is_dir():
        folder /= rest.pop(0)
    module = folder / "__init__.py"
    if rest and (folder / f"{rest[0]}.py").is_file():
        module = folder / f"{rest.pop(0)}.py"
    if len(rest) != 1 or not module.is_file():
        raise ValueError(f"`{target}` does not exist: it is no function or class of a module in {folder.name}")
    return module, rest[0]


@cache
def _body(module: Path) -> tuple[ast.stmt, ...]:
    """Statements of a module, those inside `if` and `try` too."""

    def statements(nodes: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
        for node in nodes:
            yield node
            if isinstance(node, ast.If | ast.Try):
                yield from statements([*node.body, *node.orelse])

    return tuple(statements(ast.parse(module.read_text(encoding="utf-8"), str(module)).body))


def _origin(body: Iterable[ast.stmt], name: str, target: str) -> str | None:
    """Where a name comes from if the module, a package's `__init__`, only imports it; None if it does not."""
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.level < 2 and name in {alias.name for alias in node.names}:
            package = target.removesuffix(name) if node.level else ""
            return f"{package}{node.module}.{name}"
    return None
