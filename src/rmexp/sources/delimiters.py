"""What stands between the fields of a table, told by its header."""

import logging
import re
from functools import cache
from pathlib import Path

log = logging.getLogger(__name__)

NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
_QUOTED = re.compile(r'"[^"]*"')


def delimiter_of(path: Path, header: str) -> str:
    """The sign that parts a header into most fields: a comma, or in `.tsv` files a tab, where several do or none does.

    Another one than that is told.
    """
    usual = "\t" if ".tsv" in path.suffixes else ","
    text = _QUOTED.sub("", header)
    found = max(NAMES.values(), key=lambda sign: (text.count(sign), sign == usual))
    if found != usual:
        _tell(path, next(name for name, sign in NAMES.items() if sign == found))
    return found


def named_delimiter(value: str) -> str:
    """The sign that `data.delimiter` means: a name of `NAMES`, or the sign itself.

    Raises:
        ValueError: it is neither.
    """
    sign = NAMES.get(value, value)
    if len(sign) != 1 or sign in '"\r\n':
        raise ValueError(f"data.delimiter must be one sign or one of {', '.join(NAMES)}, got {value}")
    return sign


@cache
def _tell(path: Path, name: str) -> None:
    log.info("%s: its fields are parted by a %s (data.delimiter=... says otherwise)", path, name)
