"""Parts of a layer as kernels that torch.compile writes for this machine, where a run is long enough to gain."""

import functools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor

R = TypeVar("R")

_asked = _scoring = False


def compiling() -> bool:
    """Whether parts are to be compiled here: see `compiled_parts`."""
    return _asked and (_scoring or torch.is_grad_enabled())


@contextmanager
def compiled_parts(asked: bool, *, scoring: bool = False) -> Iterator[None]:
    """Within it parts of layers are compiled, if that is asked; threads of a backward pass included.

    Args:
        asked: whether they are.
        scoring: also where no gradient is computed, for which they are compiled by themselves.
    """
    global _asked, _scoring
    before, (_asked, _scoring) = (_asked, _scoring), (asked, scoring)
    try:
        yield
    finally:
        _asked, _scoring = before


def compiler() -> str | None:
    """The compiler of C++, which torch.compile needs on a processor; None where there is none."""
    found = (shutil.which(name) for name in (os.environ.get("CXX", ""), "g++", "clang++") if name)
    return next((path for path in found if path), None)


def has_compiler() -> bool:
    """Whether there is one."""
    return compiler() is not None


@functools.cache
def compiled(function: Callable[..., R]) -> Callable[..., R]:
    """A function compiled at its first call."""
    return torch.compile(function)


def varying(tensor: Tensor, dimension: int = 0) -> Tensor:
    """A tensor of whose dimension every batch has another size: one kernel shall serve them all."""
    torch._dynamo.maybe_mark_dynamic(tensor, dimension)
    return tensor
