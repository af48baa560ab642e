"""What `rmexp VERB --help` prints: groups with their options, keys with their values, examples."""

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

import rmexp
from rmexp.config.compose import compose_unchecked
from rmexp.config.tree import options_of, verbs
from rmexp.tracking.logged_figures import figures_of


def verb_help(verb: str, overrides: Sequence[str] = (), folder: str | None = None) -> str:
    """Help for a verb as the overrides would configure it.

    Args:
        verb: name of the primary configuration.
        overrides: such as `data=jsonl`, to see the keys of that choice.
        folder: searched for options before the tree.
    """
    composed = compose_unchecked(verb, overrides, folder)
    width = max(map(len, composed.choices), default=0)
    lines = [f"rmexp {verb}: {verbs()[verb]}", "", f"usage: rmexp {verb} [KEY=VALUE ...] [-m] [--cfg job]", ""]
    lines += ["groups, the option chosen now in brackets:"]
    lines += [f"  {group:{width}}  {_options(group, chosen)}" for group, chosen in composed.choices.items()]
    lines += ["", "keys, with their values now (??? must be set):"]
    lines += [f"  {key}={value}" for key, value in _keys(OmegaConf.to_container(composed.config, resolve=False))]
    if "task" in composed.config and "logger" in composed.config:
        figures = figures_of(str(composed.config.task))
        width = max(len(figure.name) for figure in figures)
        lines += ["", "figures that are logged, in metrics.csv and by every logger:"]
        lines += [f"  {figure.name:{width}}  {figure.meaning}" for figure in figures]
    if found := examples(verb):
        lines += ["", "examples:", *(f"  {line}" for line in found)]
    return "\n".join(lines)


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


def _options(group: str, chosen: str | None) -> str:
    return " ".join(f"[{option}]" if option == chosen else option for option in options_of(group.partition("@")[0]))


def _keys(content: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, dict) and value:
            yield from _keys(value, f"{path}{key}.")
        elif not str(key).startswith("_"):
            yield f"{path}{key}", "null" if value is None else value
