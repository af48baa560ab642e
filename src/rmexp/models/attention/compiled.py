"""Small operations as kernels that torch.compile writes for this machine, where a run asks for them.

Only functions without branches on their values are meant for it: one kernel serves all lengths of a batch.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
R = TypeVar("R")

_asked = False


def compilable(function: Callable[P, R]) -> Callable[P, R]:
    """A function that is compiled at its first call inside `compiled_operations`, and is itself elsewhere."""

    @functools.cache
    def compiled() -> Callable[P, R]:
        return torch.compile(function, dynamic=True)

    @functools.wraps(function)
    def chosen(*args: P.args, **kwargs: P.kwargs) -> R:
        return (compiled() if _asked else function)(*args, **kwargs)

    return chosen


@contextmanager
def compiled_operations(asked: bool) -> Iterator[None]:
    """Within it compilable functions are compiled, if that is asked; threads of a backward pass included."""
    global _asked
    before, _asked = _asked, asked
    try:
        yield
    finally:
        _asked = before
