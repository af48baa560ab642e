"""What a module of a plug-in imports, looked for before anything is imported."""

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from rmexp.plugins.named import place


def check_imports(module: Path) -> None:
    """Refuse a module that needs a package which is not installed; one that it tries to import is no need.

    Raises:
        ValueError: with the file and the line.
    """
    for line, package in _needed(module):
        if importlib.util.find_spec(package) is None:
            raise ValueError(
                f"{place(module, line)}: imports `{package}`, and no such package is installed (install it)"
            )


def _needed(module: Path) -> Iterator[tuple[int, str]]:
    """Packages that a module imports whenever it is imported, with lines; a change of `sys.path` ends them."""
    for node in ast.parse(module.read_text(encoding="utf-8"), str(module)).body:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module] if node.module is not None and not node.level else []
        elif any(isinstance(part, ast.Attribute) and ast.unparse(part) == "sys.path" for part in ast.walk(node)):
            return
        else:
            names = []
        for name in names:
            yield node.lineno, name.partition(".")[0]
