"""What a `_target_` takes, read from its source file: nothing is imported, so nothing heavy is paid for."""

import ast
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from rmexp.config.parameters.definitions import Definition, find_definition
from rmexp.config.parameters.narrowed import narrowed
from rmexp.plugins.imports import check_imports
from rmexp.plugins.named import prefixes

ALLOWED = (
    "rmexp.",
    "torch.optim.",
    "lightning.pytorch.trainer.",
    "lightning.pytorch.callbacks.",
    "lightning.pytorch.loggers.",
    "lightning.pytorch.strategies.",
    "lightning.pytorch.plugins.",
    "lightning.pytorch.profilers.",
    "torchmetrics.",
    "transformers.optimization.",
)


class Parameter(NamedTuple):
    """One argument: its annotation, where it has one, and whether it has no default."""

    annotation: ast.expr | None
    required: bool


class Signature(NamedTuple):
    """What a function or class can be called with by keyword.

    Attributes:
        parameters: by name, in the order of the source.
        takes_any: whether further keywords are accepted (`**kwargs`).
        aliases: assignments of the module by name, for annotations that use them.
    """

    parameters: Mapping[str, Parameter]
    takes_any: bool
    aliases: Mapping[str, ast.expr]


def signature_of(target: str) -> Signature:
    """Read what `target`, the dotted name of a function or class in the module that defines it, takes.

    Raises:
        ValueError: the target is not on the allowlist, or no such thing is defined there, or its module is one of a
            plug-in that cannot be imported.
    """
    own = prefixes()
    if not isinstance(target, str) or not target.startswith((*own, *ALLOWED)):
        allowed = ", ".join(prefix[:-1] for prefix in (*own, *ALLOWED))
        raise ValueError(f"`{target}` is no allowed target; targets lie below {allowed}")
    return _signature(target, target.startswith(own))


@cache
def _signature(target: str, own: bool) -> Signature:
    module, node, definitions, aliases = find_definition(target)
    if own:
        check_imports(module)
    parameters, takes_any = _class(node, definitions) if isinstance(node, ast.ClassDef) else _function(node)
    for key, annotation in narrowed(target).items():
        if key in parameters:
            parameters[key] = parameters[key]._replace(annotation=annotation)
    return Signature(parameters, takes_any, aliases)


def _function(node: ast.FunctionDef, *, method: bool = False) -> tuple[dict[str, Parameter], bool]:
    arguments = node.args
    positional = arguments.posonlyargs + arguments.args
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    pairs = [*zip(positional, [*defaults, *arguments.defaults], strict=True)]
    pairs = pairs[max(len(arguments.posonlyargs), int(method)) :]
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    parameters = {argument.arg: _parameter(argument.annotation, default) for argument, default in pairs}
    return parameters, arguments.kwarg is not None


def _parameter(annotation: ast.expr | None, default: ast.expr | None) -> Parameter:
    if annotation and isinstance(default, ast.Constant) and default.value is None:
        annotation = ast.BinOp(annotation, ast.BitOr(), default)
    return Parameter(annotation, default is None)


def _class(node: ast.ClassDef, definitions: Mapping[str, Definition]) -> tuple[dict[str, Parameter], bool]:
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            return _function(statement, method=True)
    inherited: dict[str, Parameter] = {}
    takes_any = False
    for base in map(_last_name, node.bases):
        if isinstance(found := definitions.get(base), ast.ClassDef):
            parameters, open_base = _class(found, definitions)
            inherited |= parameters
            takes_any |= open_base
        else:  # a base of another file is not followed: whatever it takes is accepted
            takes_any |= base not in ("NamedTuple", "object", "Protocol", "Generic", "ABC")
    return inherited | (_fields(node) if _has_fields(node) else {}), takes_any


def _has_fields(node: ast.ClassDef) -> bool:
    return any(name in ("dataclass", "NamedTuple") for name in map(_last_name, [*node.decorator_list, *node.bases]))


def _fields(node: ast.ClassDef) -> dict[str, Parameter]:
    fields = {}
    for statement in node.body:
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        value = statement.value
        options = {word.arg: word.value for word in value.keywords} if isinstance(value, ast.Call) else {}
        if _last_name(statement.annotation) == "ClassVar" or ast.unparse(options.get("init", _TRUE)) == "False":
            continue
        is_field = isinstance(value, ast.Call) and _last_name(value) == "field"
        required = value is None or (is_field and not {"default", "default_factory"} & options.keys())
        fields[statement.target.id] = Parameter(statement.annotation, required)
    return fields


_TRUE = ast.Constant(True)


def _last_name(node: ast.expr) -> str:
    """`dataclass` of `@dataclasses.dataclass(frozen=True)`, `Base` of `Base[int]`."""
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
