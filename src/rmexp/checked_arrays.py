"""Files of arrays that end with a checksum: a damaged one is never read as if it were whole."""

import json
from collections.abc import Mapping
from hashlib import sha256
from itertools import accumulate
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.durable import whole_file

SIZE = sha256().digest_size  # bytes at the end
_ALIGNED = 64  # bytes that the header and every array begin at a multiple of
_AT_ONCE = 1 << 20  # bytes


class Damaged(ValueError):
    """A file does not hold what was written to it; the message names it."""


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays by name, behind a line of JSON that says what they are; whole or not at all."""
    header = json.dumps({name: [array.dtype.str, array.shape] for name, array in arrays.items()}).encode() + b"\n"
    digest = sha256()
    with whole_file(path) as file:
        for part in (memoryview(header), *map(_content, arrays.values())):
            for content in (part, bytes(-len(part) % _ALIGNED)):
                file.write(content)
                digest.update(content)
        file.write(digest.digest())


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file, which stay on disk until somebody looks at them.

    Raises:
        Damaged: the checksum is another.
        OSError: the file cannot be read.
    """
    size = max(0, path.stat().st_size - SIZE)
    digest = sha256()
    with path.open("rb") as file:
        header = file.readline(min(size, _AT_ONCE))
        digest.update(header)
        for start in range(len(header), size, _AT_ONCE):
            digest.update(file.read(min(_AT_ONCE, size - start)))
        if file.read() != digest.digest():
            raise Damaged(f"{path} is damaged: its checksum is not that of its content")
    try:
        parts: dict[str, tuple[str, list[int]]] = json.loads(header)
    except ValueError as error:
        raise Damaged(f"{path} is damaged, or of another version: it does not say which arrays it holds") from error
    whole = np.memmap(path, np.uint8, "r")
    sizes = [np.dtype(kind).itemsize * prod(shape) for kind, shape in parts.values()]
    starts = accumulate(size + -size % _ALIGNED for size in (len(header), *sizes))
    return {
        name: np.asarray(whole[start : start + size]).view(kind).reshape(shape)
        for (name, (kind, shape)), size, start in zip(parts.items(), sizes, starts, strict=False)
    }


def _content(array: NDArray[Any]) -> memoryview:
    """The bytes of an array."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
