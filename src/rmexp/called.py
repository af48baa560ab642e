"""How messages name a function."""

from functools import partial
from typing import Any


def called(function: Any) -> str:
    """A function, a method or what has a `__call__`, as messages of Python name what is called.

    >>> called(partial(print, end="")), called(str.strip)
    ('print()', 'str.strip()')
    """
    while isinstance(function, partial):
        function = function.func
    return f"{getattr(function, '__qualname__', f'{type(function).__qualname__}.__call__')}()"
