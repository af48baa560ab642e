"""The modules that targets of a configuration lie in; those of plug-ins are imported before anything is read."""

import importlib
from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, OmegaConf

from rmexp.config.parameters.definitions import find_definition
from rmexp.phases import importing
from rmexp.plugins.named import place, prefixes


def targets_in(content: Any) -> Iterator[str]:
    """Every `_target_` in plain data, however deep."""
    if isinstance(content, dict):
        if "_target_" in content:
            yield content["_target_"]
        content = list(content.values())
    if isinstance(content, list):
        for item in content:
            yield from targets_in(item)


def import_plugins(config: DictConfig) -> None:
    """Import the plug-ins that a configuration has targets in: a mistake in one is to cost nothing.

    Raises:
        ValueError: one ends the program, or what it leaves under the name of a target cannot be called.
        Exception: whatever the import of one raises.
    """
    own = prefixes()
    for target in dict.fromkeys(targets_in(OmegaConf.to_container(config, resolve=False))):
        if own and target.startswith(own):
            import_target(target, target.rpartition(".")[0])


def import_target(target: str, said: str = "") -> None:
    """Import the module that a target lies in.

    Args:
        target: that may be used.
        said: what is imported, in words.

    Raises:
        ValueError: the module ends the program, or leaves nothing under the name of the target that can be called.
    """
    module, _, name = target.rpartition(".")
    try:
        with importing(said):
            thing = getattr(importlib.import_module(module), name, None)
    except SystemExit as error:
        raise ValueError(
            f"importing {module} ends the program: it runs something when it is imported "
            '(put that under `if __name__ == "__main__":`)'
        ) from error
    if not callable(thing):
        found, got = find_definition(target), "nothing" if thing is None else f"a {type(thing).__name__}"
        raise ValueError(
            f"{place(found.module, found.node.lineno)}: expected `{name}` to be a function or a class once {module} is "
            f"imported, got {got} (look at its decorators)"
        )
