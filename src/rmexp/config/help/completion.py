"""Words that a shell offers when a command line is completed; Hydra's scripts for bash, fish and zsh ask for them.

`eval "$(rmexp -sc install=bash)"` installs it.
"""

import glob
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from rmexp.config.compose import Composed, compose_unchecked
from rmexp.config.help.described import described
from rmexp.config.help.short_forms import FLAGS, FOLDERS, bare_words, is_override
from rmexp.config.help.values import choices_in, shown
from rmexp.config.help.verb_help import EXPERIMENT, offered
from rmexp.config.tree import verbs
from rmexp.plugins.named import with_plugins
from rmexp.runs.files import CONFIG

_FLAGS = ("--help", "--multirun", "--cfg", "--config-dir", "--plugin")


def tell_completions(line: str) -> None:
    """Print what the last word of a command line may become; nothing where that is unclear.

    Args:
        line: as far as it is written.
    """
    words = line.split()[1:]
    last = "" if line.endswith(" ") or not words else words.pop()
    with suppress(ValueError):
        print("\n".join(completions(with_plugins(words), last)))


def completions(words: Sequence[str], last: str) -> list[str]:
    """What the last word of a command line may become.

    Args:
        words: before it, behind `rmexp`.
        last: as far as it is written; empty where a new word begins.
    """
    verb, *given = [word for word in words if word not in ("--multirun", "-m")] or [""]
    if last.startswith("-"):
        return _begin(last, [*_FLAGS, *FLAGS] if verb == "report" else _FLAGS)
    if not verb:
        return _begin(last, [*verbs(), "help"])
    if verb == "help":
        return _helped(given, last)
    if verb not in verbs():
        return []
    if "/" in last and not is_override(last):
        return _bare_folder(verb, given, last)
    composed = compose_unchecked(verb, [word for word in given if is_override(word) and not word.startswith("-")])
    sign = last[:1] if last[:1] in ("+", "~") else ""
    own = [f"{sign}{word}" for word in _own(verb, composed, last.removeprefix(sign))]
    return own if "=" in last else [*own, *_bare_folder(verb, given, last)]


def _helped(given: Sequence[str], last: str) -> list[str]:
    """What is asked for behind `rmexp help`: a verb, then one of its keys or choices."""
    if len(given) != 1 or given[0] not in verbs():
        return [] if given else _begin(last, verbs())
    return [word.removesuffix("=") for word in _own(given[0], compose_unchecked(given[0], []), last.partition("=")[0])]


def _bare_folder(verb: str, given: Sequence[str], last: str) -> list[str]:
    """Folders for the word without a key that some verbs take; those of runs are whole, others go on behind a slash."""
    if FOLDERS.get(verb) in (None, *(word.partition("=")[0] for word in given)) or [*bare_words(given)]:
        return []
    found = [path for path in _files(last) if path.endswith("/")]
    return [path.removesuffix("/") if (Path(path) / CONFIG).is_file() else path for path in found]


def _own(verb: str, composed: Composed, last: str) -> list[str]:
    """Choices, keys and values of a verb."""
    name, equals, start = last.partition("=")
    if not equals:
        keys = [key.path for key in described(verb, composed)]
        steps = (f"{last}{_step(path[len(last) :])}" for path in keys if path.startswith(last))
        choices = (f"{choice}=" for choice in composed.choices if choice != EXPERIMENT or offered(verb, choice, None))
        return sorted({*steps, *_begin(last, choices)})
    if name in composed.choices:
        return [f"{name}={option}" for option in _begin(start, offered(verb, name, None))]
    for key in described(verb, composed):
        if key.path == name:
            named = choices_in(key.values) or choices_in(key.meaning) or ["true", "false"] * isinstance(key.value, bool)
            named = _begin(start, named or ([] if key.value in (None, "???") else [shown(key.value)]))
            return [f"{name}={value}" for value in named or _files(start)]
    return []


def _files(start: str) -> list[str]:
    """Files and folders whose path begins so."""
    folder, slash, name = start.rpartition("/")
    place = Path(folder or slash or ".")
    found = sorted(place.glob(f"{glob.escape(name)}*")) if place.is_dir() else []
    found = [path for path in found if name.startswith(".") or not path.name.startswith(".")]
    return [f"{folder}{slash}{path.name}{'/' * path.is_dir()}" for path in found]


def _step(rest: str) -> str:
    """The rest of a path as far as its next dot, with `=` behind a whole key."""
    step, dot, _ = rest.partition(".")
    return f"{step}{dot or '='}"


def _begin(start: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(start)]
