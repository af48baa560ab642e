"""The C++ of this folder, built for the processor at hand when it is first needed, and kept for later processes."""

import ctypes
import hashlib
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import torch

from rmexp.models.attention.compiled import compiler

HERE = Path(__file__).parent
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fopenmp", "-fPIC")
NEEDED = {b"avx512f", b"avx512bw", b"avx512dq", b"avx512vl"}  # instructions
VECTORS_ALONE = ("-mno-amx-bf16", "-mno-amx-tile")  # where the system does not let a process use tiles


class NotHere(Exception):
    """What keeps the functions from running on this machine, in words."""


@cache
def library() -> ctypes.CDLL:
    """The functions of `kernels.cpp`; OpenMP is the one that torch has loaded, and so are its threads.

    Raises:
        NotHere: no such processor or system, no compiler, or it cannot build them.
    """
    if not sys.platform.startswith("linux") or not set(_processor().split()) >= NEEDED:
        raise NotHere("fused kernels are for processors with AVX512 under Linux")
    for flags in ((), VECTORS_ALONE):
        found = loaded(built(flags, kept_in()))
        if found.allowed():
            return found
    raise NotHere("the system does not let fused kernels run")


def function(name: str, *dtypes: torch.dtype) -> Any:
    """A function of the library for such numbers; see `library`."""
    return getattr(library(), _full(name, dtypes))


def has_function(name: str, *dtypes: torch.dtype) -> bool:
    """Whether there is a function for such numbers here; see `library`."""
    return hasattr(library(), _full(name, dtypes))


def _full(name: str, dtypes: tuple[torch.dtype, ...]) -> str:
    return "_".join([name, *(str(dtype).removeprefix("torch.") for dtype in dtypes)])


def built(flags: tuple[str, ...], folder: Path) -> Path:
    """The library, built into a folder unless it is there.

    Args:
        flags: of the compiler, besides `FLAGS`.
        folder: where it is kept, under a name that source, flags and processor decide.

    Raises:
        NotHere: no compiler, or it fails.
    """
    sources = [HERE / "kernels.cpp", *sorted(HERE.glob("*.h"))]
    made_of = [source.read_bytes() for source in sources] + [" ".join((*FLAGS, *flags)).encode(), _processor()]
    name = hashlib.sha256(b"\0".join(made_of)).hexdigest()[:16]
    library = folder / f"kernels-{name}.so"
    if library.is_file():
        return library
    compile_with = compiler()
    if compile_with is None:
        raise NotHere("fused kernels need a compiler of C++, as g++ is, and there is none")
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        compiled, linked = Path(scratch) / "kernels.o", Path(scratch) / "kernels.so"
        _run(compile_with, *FLAGS, *flags, "-c", str(sources[0]), "-o", str(compiled))
        _run(compile_with, "-shared", str(compiled), "-o", str(linked))  # without an OpenMP of its own
        linked.replace(library)
    return library


def loaded(path: Path) -> ctypes.CDLL:
    """A library that was built.

    Raises:
        NotHere: the system cannot load it.
    """
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise NotHere(f"fused kernels cannot be loaded ({error})") from error


def kept_in() -> Path:
    """The user's cache folder; one of this process alone where that cannot be written."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "rmexp" / "kernels"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except OSError:
        writable = False
    return folder if writable else Path(_of_this_process().name)


@cache
def _of_this_process() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="rmexp-kernels-")


def _processor() -> bytes:
    """What instructions the processor has: a home folder may be shared by several kinds."""
    lines = Path("/proc/cpuinfo").read_bytes().splitlines()
    return next((line for line in lines if line.startswith(b"flags")), b"")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise NotHere(f"{Path(command[0]).name} cannot build the fused kernels ({done.stderr.strip().splitlines()[0]})")
