"""Examples of docstrings as mkdocstrings wants them: under a heading of their own, which our docstrings spare."""

import re
from typing import Any

import griffe

EXAMPLES = re.compile(r"^>>> .*\Z", re.MULTILINE | re.DOTALL)


class Doctests(griffe.Extension):
    """Puts `Examples:` over what a docstring shows at its end."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change the docstring of a module, class or function."""
        if obj.docstring and (found := EXAMPLES.search(obj.docstring.value)):
            shown = "".join(f"    {line}\n" for line in found[0].splitlines())
            obj.docstring.value = f"{obj.docstring.value[: found.start()]}Examples:\n{shown}"
