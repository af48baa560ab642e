"""What docstrings say of parameters and attributes, read from the source: nothing is imported."""

import ast
import re

from rmexp.config.parameters.definitions import find_definition

_SECTION = re.compile(r"^(?:Args|Attributes|Parameters):\n((?:[ \t]+.*\n|[ \t]*\n)*)", re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[.;])\s+(?=[A-Z])")


def told_of(docstring: str) -> dict[str, str]:
    r"""What the sections `Args:` and `Attributes:` of a docstring say, by name.

    >>> told_of("A loss.\n\nArgs:\n    beta: how far\n        from the reference.\n    B: pairs\n")
    {'beta': 'how far from the reference.', 'B': 'pairs'}
    """
    found: dict[str, str] = {}
    for section in _SECTION.findall(docstring + "\n"):
        depth = re.search(r"^ +", section, re.MULTILINE)
        for entry in re.split(rf"^ {{{len(depth[0])}}}(?=\S)", section, flags=re.MULTILINE) if depth else ():
            name, colon, text = entry.partition(":")
            if colon and (known := re.match(r"[*`]*(\w+)", name)):
                found.setdefault(known[1], " ".join(text.split("\n\n")[0].split()))
    return found


def docstring_of(target: str) -> str:
    """The docstring of a function, or of a class with its constructor; empty where there is no such thing."""
    try:
        node = find_definition(target).node
    except ValueError:
        return ""
    parts = [ast.get_docstring(node)]
    for inner in node.body:
        if isinstance(node, ast.ClassDef) and isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
            parts.append(ast.get_docstring(inner))
    return "\n\n".join(part for part in parts if part)


def first_sentence(text: str) -> str:
    """The first sentence, without the full stop."""
    return _SENTENCE_END.split(text, maxsplit=1)[0].rstrip(".")
