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

_asked = False


def compiling() -> bool:
    """Whether parts are to be compiled here: within `compiled_parts`, where there is a gradient to compute."""
    return _asked and torch.is_grad_enabled()


@contextmanager
def compiled_parts(asked: bool) -> Iterator[None]:
    """Within it parts of layers are compiled, if that is asked; threads of a backward pass included."""
    global _asked
    before, _asked = _asked, asked
    try:
        yield
    finally:
        _asked = before


def has_compiler() -> bool:
    """Whether there is a compiler of C++, which torch.compile needs on a processor."""
    return any(shutil.which(name) for name in (os.environ.get("CXX", ""), "g++", "clang++") if name)


@functools.cache
def compiled(function: Callable[..., R]) -> Callable[..., R]:
    """A function compiled at its first call."""
    return torch.compile(function)


def varying(tensor: Tensor, dimension: int = 0) -> Tensor:
    """A tensor of whose dimension every batch has another size: one kernel shall serve them all."""
    torch._dynamo.maybe_mark_dynamic(tensor, dimension)
    return tensor
