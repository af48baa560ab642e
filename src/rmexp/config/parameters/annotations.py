"""What annotations ask for: whether a value of a YAML file can be it, and in words; beyond the simple ones all can."""

import ast
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from rmexp.config.problems import did_you_mean
from rmexp.jsonl import describe
from rmexp.ranges import FINITE, OR_INFINITE, Range, read_range

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

_WORDS = {"str": "text", "Path": "path", "bool": "true | false", "None": "null"}
TAKES = "takes"  # begins what stands behind a key without a colon
_TOLD = {
    "": "keys with values",
    "int": "a whole number",
    "float": "a number",
    "text": "a text",
    "path": "a path",
    "list": "a list",
    "true": "true",
    "false": "false",
    "null": "null",
}
_PLURAL = {"int": "whole numbers", "float": "numbers", "text": "texts", "path": "paths"}
_LISTS = ("list", "List", "tuple", "Tuple", "Sequence", "Iterable", "Collection")


def fits(value: Any, annotation: ast.expr | None, aliases: Mapping[str, ast.expr]) -> bool:
    """Tell whether `value` is what `annotation` asks for; an int is fine for a float, a bool or a NaN is no number.

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
        return any(same(word, value) for word in _named(arguments))
    if name == "Annotated":
        found = _range(arguments)
        return fits(value, arguments[0], aliases) and (found is None or not _is_number(value) or found.holds(value))
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


def of_values(annotation: ast.expr) -> ast.expr | None:
    """The annotation of the values of a mapping; None for what is annotated otherwise."""
    match annotation:
        case ast.Subscript(value=ast.Name(id="dict" | "Dict" | "Mapping"), slice=ast.Tuple(elts=[_, inner])):
            return inner
    return None


def _named(arguments: Sequence[ast.expr]) -> list[Any]:
    """The values that a Literal lists; -1 is no constant to Python's grammar."""
    return [ast.literal_eval(word) for word in arguments if isinstance(word, ast.Constant | ast.UnaryOp)]


def _is(value: Any, types: tuple[type, ...]) -> bool:
    if isinstance(value, float) and math.isnan(value):
        return False
    return isinstance(value, types) and (not isinstance(value, bool) or bool in types)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _range(arguments: Sequence[ast.expr]) -> Range | None:
    """The range that a text behind an annotated type says; others annotate otherwise."""
    texts = (word.value for word in arguments[1:] if isinstance(word, ast.Constant) and isinstance(word.value, str))
    return next(filter(None, map(read_range, texts)), None)


def same(first: Any, second: Any) -> bool:
    """Whether two values are written alike: 1 is no 1.0, nor true."""
    return type(first) is type(second) and first == second


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


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
            return _generic_in_words(name, inner.elts if isinstance(inner, ast.Tuple) else [inner], aliases)
    return ""


def _generic_in_words(name: str, arguments: list[ast.expr], aliases: Mapping[str, ast.expr]) -> str:
    if name == "Literal":
        return " | ".join(dict.fromkeys(map(str, _named(arguments))))  # 32 and "32" are typed alike
    if name == "Annotated":
        inner, found = in_words(arguments[0], aliases), _range(arguments)
        return f"{inner} {found.words}" if inner and found is not None else inner
    if name in ("Optional", "Union"):
        return _either([*(in_words(word, aliases) for word in arguments), *["null"] * (name == "Optional")])
    if name in _LISTS:
        inner = in_words(arguments[0], aliases)
        return f"list of {f'({inner})' if '|' in inner else inner}" if inner else "list"
    return ""


def _either(parts: Sequence[str]) -> str:
    return " | ".join(dict.fromkeys(word for part in parts for word in part.split(" | ") if word))


def misfit(value: Any, annotation: ast.expr, aliases: Mapping[str, ast.expr]) -> str:
    """What a key takes and what came instead, to stand behind the key, with the nearest value where they are named.

    >>> misfit("bst", ast.parse("Literal['best', 'last']", mode="eval").body, {})
    'takes best or last, got bst; did you mean `best`?'
    >>> misfit("ten", ast.parse("int | None", mode="eval").body, {})
    'takes a whole number or null, got "ten"'
    >>> misfit(-1, ast.parse("Annotated[float, 'at least 0'] | None", mode="eval").body, {})
    'takes a number of at least 0 or null, got -1'
    >>> misfit(math.inf, ast.parse("Annotated[float, '> 0']", mode="eval").body, {})
    'takes a finite number > 0, got inf'
    >>> misfit(math.nan, ast.parse("Annotated[float, '> 0'] | None", mode="eval").body, {})
    'takes a finite number > 0 or null, got nan'
    """
    words = in_words(annotation, aliases).split(" | ")
    named = [word for word in words if word.partition(" ")[0] not in (*_TOLD, "list")]
    infinite = isinstance(value, float) and not math.isfinite(value)
    told = [_told(word, infinite=infinite) for word in words]
    *others, last = told
    taken = f"{', '.join(others)} or {last}" if others else last
    plain = isinstance(value, str) and bool(named) and value.split() == [value]
    hint = did_you_mean(value, named) if plain else ""
    got = json.dumps(value, ensure_ascii=False)[:40] if isinstance(value, list | dict) else describe(value)
    return f"{TAKES} {taken}, got {value if plain or infinite else got}{hint}"


def _told(word: str, *, infinite: bool) -> str:
    """A kind of value in words, of a list its items, of numbers their range; a named value as it is.

    That a number must be finite goes without saying until one is given that is not.
    """
    start, _, inner = word.partition("list of ")
    listed = bool(inner) and not start
    kind, _, within = (inner if listed else word).partition(" ")
    names = _PLURAL if listed else _TOLD
    if kind not in names:
        return f"a list of {inner}" if listed else word
    told = f" of {within}" if within.startswith("at ") else f" {within}" if within not in ("", FINITE) else ""
    name = "a finite number" if kind == "float" and infinite and not within.endswith(OR_INFINITE) else names[kind]
    return f"{'a list of ' * listed}{name}{told}"
