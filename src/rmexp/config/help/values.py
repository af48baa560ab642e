"""What a key may be, in words, from the annotation of the parameter that takes it."""

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

_WORDS = {"str": "text", "Path": "path", "bool": "true | false", "None": "null"}
_LISTS = ("list", "List", "tuple", "Tuple", "Sequence", "Iterable", "Collection")


def in_words(annotation: ast.expr | None, aliases: Mapping[str, ast.expr]) -> str:
    """An annotation as people write values; empty for one that says nothing about them.

    >>> in_words(ast.parse("Literal['a', 'b'] | None", mode="eval").body, {})
    'a | b | null'
    """
    match annotation:
        case ast.Constant(value=None):
            return "null"
        case ast.Constant(value=str(text)):
            return in_words(ast.parse(text, mode="eval").body, aliases)
        case ast.BinOp(left=left, right=right):
            return _either([in_words(left, aliases), in_words(right, aliases)])
        case ast.Name(id=name) if name in aliases:
            return in_words(aliases[name], {other: node for other, node in aliases.items() if other != name})
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _WORDS.get(name, name if name in ("int", "float") else "")
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inner):
            return _generic(name, inner.elts if isinstance(inner, ast.Tuple) else [inner], aliases)
    return ""


def _generic(name: str, arguments: list[ast.expr], aliases: Mapping[str, ast.expr]) -> str:
    if name == "Literal":
        return " | ".join(str(word.value) for word in arguments if isinstance(word, ast.Constant))
    if name in ("Optional", "Union"):
        return _either([*(in_words(word, aliases) for word in arguments), *["null"] * (name == "Optional")])
    if name in _LISTS:
        inner = in_words(arguments[0], aliases)
        return f"list of {f'({inner})' if '|' in inner else inner}" if inner else "list"
    return ""


def _either(parts: Sequence[str]) -> str:
    return " | ".join(dict.fromkeys(word for part in parts for word in part.split(" | ") if word))


def choices_in(words: str) -> list[str]:
    """The values that are named one by one in what `in_words` gave, or in a remark such as `both | chosen`.

    >>> choices_in("of the weights: float32 | bfloat16"), choices_in("best where there is one | last")
    (['float32', 'bfloat16'], [])
    """
    parts = words.partition(";")[0].rpartition(": ")[2].split(" | ")
    if len(parts) < 2 or any(re.fullmatch(r"[\w.-]+", part) is None for part in parts):
        return []
    return [part for part in parts if part not in ("int", "float", "text", "path", "list")]


def shown(value: Any) -> str:
    """A value as it is written on the command line.

    >>> shown(None), shown(True), shown(["a", 1])
    ('null', 'true', '[a,1]')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{','.join(map(shown, value))}]"
    return str(value)
