"""Whether a value of a YAML file can be what an annotation asks for; annotations beyond the simple ones accept all."""

import ast
from collections.abc import Mapping
from typing import Any

_NAMES: Mapping[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "Path": (str,),
    "bool": (bool,),
    "None": (type(None),),
    "Tensor": (),  # nothing in a YAML file is one
    **dict.fromkeys(("list", "List", "tuple", "Tuple", "Sequence", "Iterable", "Collection"), (list,)),
    **dict.fromkeys(("dict", "Dict", "Mapping"), (dict,)),
}


def fits(value: Any, annotation: ast.expr | None, aliases: Mapping[str, ast.expr]) -> bool:
    """Tell whether `value` is what `annotation` asks for; an int is fine for a float, a bool is no number.

    Args:
        value: plain data: number, text, bool, None, list or dict.
        annotation: as written in the source; None fits all.
        aliases: assignments of the module that wrote the annotation.
    """
    match annotation:
        case ast.Constant(value=None):
            return value is None
        case ast.Constant(value=str(text)):
            return fits(value, ast.parse(text, mode="eval").body, aliases)
        case ast.BinOp(left=left, right=right):
            return fits(value, left, aliases) or fits(value, right, aliases)
        case ast.Name(id=name) if name in aliases:
            return fits(value, aliases[name], {other: node for other, node in aliases.items() if other != name})
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name not in _NAMES or _is(value, _NAMES[name])
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inner):
            arguments = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return _fits_generic(value, name, arguments, aliases)
    return True


def _fits_generic(value: Any, name: str, arguments: list[ast.expr], aliases: Mapping[str, ast.expr]) -> bool:
    if name == "Literal":
        return any(isinstance(word, ast.Constant) and _same(word.value, value) for word in arguments)
    if name in ("Optional", "Union"):
        return (name == "Optional" and value is None) or any(fits(value, word, aliases) for word in arguments)
    if name not in _NAMES:
        return True
    if not _is(value, _NAMES[name]):
        return False
    if isinstance(value, dict):
        return all(fits(item, arguments[-1], aliases) for item in value.values())
    if name in ("tuple", "Tuple") and not _is_ellipsis(arguments[-1]):
        return len(value) == len(arguments) and all(fits(*pair, aliases) for pair in zip(value, arguments, strict=True))
    return all(fits(item, arguments[0], aliases) for item in value)


def _is(value: Any, types: tuple[type, ...]) -> bool:
    return isinstance(value, types) and (not isinstance(value, bool) or bool in types)


def _same(first: Any, second: Any) -> bool:
    return type(first) is type(second) and first == second


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...
