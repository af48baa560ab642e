"""What the overrides of a command line tell, of whichever version they are."""

from collections.abc import Iterable, Iterator

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from rmexp.config.identity.moved import todays_override
from rmexp.config.identity.values import implied


def telling(overrides: Iterable[str]) -> list[str]:
    """Overrides as they are called now, without those that set a later key to what was done before there was the key.

    >>> telling(["trainer.compiled=auto", "task=dpo", "trainer.patience=null", "trainer.min_delta=0"])
    ['task=dpo']
    """
    return sorted(text for old in overrides for text in todays_override(old)[0] if not _says_nothing(text))


def _says_nothing(text: str) -> bool:
    before = implied(text.lstrip("+").partition("=")[0])
    return bool(before) and any(value in before for value in _read(text))


def _read(text: str) -> Iterator[object]:
    """The value of an override; none of one that cannot be read."""
    try:
        yield OverridesParser.create().parse_override(text).value()
    except HydraException:
        return
