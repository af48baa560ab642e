"""Flags that there are not, such as `--lr 1e-3`: which key the writer means."""

from collections.abc import Collection, Sequence

from omegaconf import OmegaConf

from rmexp.config.compose import Composed, compose_unchecked
from rmexp.config.meant_paths import chosen_by
from rmexp.config.overrides import key_paths
from rmexp.config.problems import ELSEWHERE, nearest_keys
from rmexp.config.tree import options_of


def wrong_flag(verb: str, arguments: Sequence[str], flags: Collection[str], folder: str | None = None) -> str | None:
    """A sentence about the first word that begins with a dash and is no flag; None where all are.

    Args:
        verb: of the command line.
        arguments: behind it.
        flags: that there are, such as `--help`.
        folder: searched for options that the tree does not have.
    """
    for place, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if not name.startswith("-") or len(name) == 1 or any(flag.startswith(name) for flag in flags):
            continue
        if not equals and place + 1 < len(arguments) and not arguments[place + 1].startswith("-"):
            value = "" if "=" in arguments[place + 1] else arguments[place + 1]
        given = word if equals or not value else f"{word} {value}"
        overrides = [text for text in arguments if "=" in text and not text.startswith("-")]
        settings = _meant(verb, name.lstrip("-").replace("-", "_"), value or "...", overrides, folder)
        told = " or ".join(f"`{setting}`" for setting in settings)
        hint = f"; keys are set without dashes: write {told}" if settings else f"; see rmexp {verb} --help"
        return f"`{verb}` has no flag `{given}`{hint}"
    return None


def _meant(verb: str, name: str, value: str, overrides: Sequence[str], folder: str | None) -> list[str]:
    """At most three settings of the verb that a name with a value may stand for."""
    composed = compose_unchecked(verb, overrides, folder)
    if name == "model" and name not in composed.choices and "scorer" in composed.choices:
        return [f"scorer.path={value}"]
    if name in composed.choices and value != "...":
        return [" ".join(f"{key}={part}" for key, part in chosen_by(name, value))]
    meant = ELSEWHERE.get(name, "")
    group, _, last = meant.partition(".")
    has_it = meant in key_paths(OmegaConf.to_container(composed.config, resolve=False))
    if last == "path" and not has_it and group in composed.choices and value != "...":
        return [" ".join(f"{key}={part}" for key, part in chosen_by(group, value))]
    return [f"{key}={value}" for key in _keys(name, composed)]


def _keys(name: str, composed: Composed) -> list[str]:
    """At most three keys or choices that a name may stand for."""
    keys = [*dict.fromkeys([*key_paths(OmegaConf.to_container(composed.config, resolve=False)), *composed.choices])]
    leaves = [key for key in keys if not any(other.startswith(f"{key}.") for other in keys)]
    if meant := ELSEWHERE.get(name):
        ends = [key for key in leaves if key == meant or key.endswith(f".{meant}")]
        if not ends and any(meant.partition(".")[0] == choice and options_of(choice) for choice in composed.choices):
            return [meant]  # another option of the choice has it
        return ends[:3]
    return nearest_keys(name, leaves)
