"""Flags that there are not, such as `--lr 1e-3`: which key the writer means."""

from collections.abc import Collection, Sequence

from omegaconf import OmegaConf

from rmexp.config.compose import compose_unchecked
from rmexp.config.overrides import key_paths
from rmexp.config.problems import ELSEWHERE, nearest_keys
from rmexp.config.tree import options_of


def wrong_flag(verb: str, arguments: Sequence[str], flags: Collection[str], folder: str | None = None) -> str | None:
    """A sentence about the first word that begins with a dash and is no flag; None where all are.

    Args:
        verb: of the command line.
        arguments: behind it.
        flags: that there are, such as `--help`.
        folder: searched for options before the tree.
    """
    for place, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if not name.startswith("-") or len(name) == 1 or any(flag.startswith(name) for flag in flags):
            continue
        if not equals and place + 1 < len(arguments) and not arguments[place + 1].startswith("-"):
            value = "" if "=" in arguments[place + 1] else arguments[place + 1]
        given = word if equals or not value else f"{word} {value}"
        overrides = [text for text in arguments if "=" in text and not text.startswith("-")]
        keys = _meant(verb, name.lstrip("-").replace("-", "_"), overrides, folder)
        settings = " or ".join(f"`{key}={value or '...'}`" for key in keys)
        hint = f"; keys are set without dashes: write {settings}" if keys else f"; see rmexp {verb} --help"
        return f"`{verb}` has no flag `{given}`{hint}"
    return None


def _meant(verb: str, name: str, overrides: Sequence[str], folder: str | None) -> list[str]:
    """At most three keys or choices of the verb that a name may stand for."""
    composed = compose_unchecked(verb, overrides, folder)
    keys = [*dict.fromkeys([*key_paths(OmegaConf.to_container(composed.config, resolve=False)), *composed.choices])]
    leaves = [key for key in keys if not any(other.startswith(f"{key}.") for other in keys)]
    if meant := ELSEWHERE.get(name):
        ends = [key for key in leaves if key == meant or key.endswith(f".{meant}")]
        if not ends and any(meant.partition(".")[0] == choice and options_of(choice) for choice in composed.choices):
            return [meant]  # another option of the choice has it
        return ends[:3]
    return nearest_keys(name, leaves)
