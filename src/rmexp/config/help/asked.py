"""Which page of help a command line asks for."""

from collections.abc import Sequence

from rmexp.config.help.key_help import key_help
from rmexp.config.help.verb_help import verb_help


def asked_for(verb: str, words: Sequence[str], folder: str | None = None) -> str:
    """The page about the keys and choices that are named among the words, about the whole verb where none is.

    Args:
        verb: name of the primary configuration.
        words: of the command line: names, and overrides that decide which keys there are.
        folder: searched for options before the tree.

    Raises:
        ValueError: there is none of a name.
    """
    names = [word for word in words if "=" not in word and not word.startswith("~")]
    overrides = [word for word in words if word not in names]
    return key_help(verb, names, overrides, folder) if names else verb_help(verb, overrides, folder)
