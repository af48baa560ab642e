"""Files of arrays that end with a checksum: a damaged one is never read as if it were whole."""

import io
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.durable import whole_file

SIZE = sha256().digest_size  # bytes behind the archive


class Damaged(ValueError):
    """A file does not hold what was written to it; the message names it."""


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays by name; whole or not at all."""
    archive = io.BytesIO()
    np.savez(archive, allow_pickle=False, **arrays)
    content = archive.getbuffer()
    with whole_file(path) as file:
        file.write(content)
        file.write(sha256(content).digest())


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file.

    Raises:
        Damaged: the checksum is another.
        OSError: the file cannot be read.
    """
    content = memoryview(path.read_bytes())
    archive, checksum = content[:-SIZE], bytes(content[-SIZE:])
    if sha256(archive).digest() != checksum:
        raise Damaged(f"{path} is damaged: its checksum is not that of its content")
    with np.load(io.BytesIO(archive), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}
