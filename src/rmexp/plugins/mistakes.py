"""Where in a plug-in a mistake was made: what the sentence that tells it ends with."""

import inspect
import re
import sys
import traceback
from collections.abc import Iterator
from typing import Any, NamedTuple

from rmexp.plugins.named import is_own, place, plugins

_REMOTE = re.compile(r'File "(.+)", line (\d+), in (\S+)')  # of what was raised in another process
_CALLED = re.compile(r"([\w.]+)\(\)")  # as messages of Python name what was called


class _Line(NamedTuple):
    """A line that was at work, and the function around it."""

    file: str
    number: int
    function: str


def place_of_mistake(error: BaseException) -> str:
    """File, line and function of a plug-in that an error comes from, or nothing where it comes from none.

    That is the innermost line that was at work. Where only the call of something in a plug-in failed, as one with the
    wrong arguments does, it is where this is defined.
    """
    if not plugins():
        return ""
    for cause in reversed([*_chain(error)]):
        lines = [*_lines(cause)]
        own = [line for line in lines if is_own(line.file)]
        if own and own[-1] is lines[-1]:
            return _told(own[-1])
        if line := next(_definitions(cause), own[-1] if own else None):
            return _told(line)
    return ""


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what caused it, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _lines(error: BaseException) -> Iterator[_Line]:
    """That an error came through, the innermost last."""
    if isinstance(error, SyntaxError) and error.filename:
        yield _Line(error.filename, error.lineno or 1, "")
        return
    for frame, number in traceback.walk_tb(error.__traceback__):
        yield _Line(frame.f_code.co_filename, number, frame.f_code.co_name)
    if type(error).__name__ == "_RemoteTraceback":
        for file, number, function in _REMOTE.findall(str(error)):
            yield _Line(file, int(number), function)


def _definitions(error: BaseException) -> Iterator[_Line]:
    """Where things of plug-ins are defined that an error is about: what was called, or had no such attribute."""
    if isinstance(error, AttributeError) and (line := _definition(type(error.obj))):
        yield line
    names = _CALLED.findall(str(error))
    for module in [*sys.modules.values()] if names else ():
        if is_own(getattr(module, "__file__", None)):
            for name in names:
                thing: Any = module
                for part in name.split("."):
                    thing = getattr(thing, part, None)
                if line := _definition(thing):
                    yield line


def _definition(thing: Any) -> _Line | None:
    """Where a function or class of a plug-in begins."""
    try:
        file, number = inspect.getsourcefile(thing), inspect.getsourcelines(thing)[1]
    except (TypeError, OSError):
        return None
    return _Line(file, number, thing.__name__) if file is not None and is_own(file) else None


def _told(line: _Line) -> str:
    """A line as editors and people read it.

    >>> _told(_Line("/elsewhere/lab/losses.py", 8, "exponential"))
    '/elsewhere/lab/losses.py:8 in exponential'
    """
    function = f" in {line.function}" if line.function and not line.function.startswith("<") else ""
    return f"{place(line.file, line.number)}{function}"
