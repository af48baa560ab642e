"""Parts of a layer as kernels that torch.compile writes for this machine, where a run asks for it."""

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
    """Whether parts are to be compiled here: within `compiled_parts`, where there is a gradient."""
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
