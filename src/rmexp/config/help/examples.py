"""Command lines that show a verb or a key at work."""

import ast
from pathlib import Path

import rmexp
from rmexp.config.help.described import Described
from rmexp.config.help.values import choices_in, shown


def examples(verb: str) -> list[str]:
    """Command lines of the section `Examples:` in the docstring of the verb's module, which is not imported."""
    source = Path(rmexp.__file__).parent / "verbs" / f"{verb.replace('-', '_')}.py"
    if not source.is_file():
        return []
    docstring = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    _, _, section = docstring.partition("Examples:\n")
    lines: list[str] = []
    for line in section.splitlines():
        if line.strip() and not line.startswith(" "):
            break
        lines += [line.strip()] if line.strip() else []
    return lines


def examples_of(verb: str, key: Described) -> list[str]:
    """Those with a key, and two that are made for it: another value, and several of them in a sweep."""
    found = [line for line in examples(verb) if f" {key.path}=" in line]
    others = _others(key)
    found += [f"rmexp {verb} {key.path}={others[0]}"] if others and not found else []
    found += [f"rmexp {verb} -m {key.path}={','.join(others[:2])}"] if len(others) > 1 else []
    return found


def _others(key: Described) -> list[str]:
    """Values that a key might be given instead of the one that it has."""
    named = choices_in(key.values) or choices_in(key.meaning)
    if len(named) > 1 or isinstance(key.value, bool):
        named = named if len(named) > 1 else ["true", "false"]
        return sorted(named, key=lambda name: name == shown(key.value))
    if isinstance(key.value, int | float):
        return [f"{key.value * factor:g}" for factor in (2, 4)] if key.value else ["1"]
    if isinstance(key.value, list):
        return [f"'{shown(key.value)}'" if key.value else "'[A,B]'"]
    kinds = key.values.split(" | ")
    return next(
        (found for kind, found in (("int", ["2", "4"]), ("float", ["0.1", "0.5"])) if kind in kinds), [_word(key)]
    )


def _word(key: Described) -> str:
    return key.path.rpartition(".")[2].upper() if key.value in (None, "???") else shown(key.value)
