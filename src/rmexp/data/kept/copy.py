"""A copy of records in a folder that others may write to, compressed, neighbours together."""

import os
import pickle
import zlib
from collections.abc import Iterator, Sequence
from hashlib import sha256
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.checked_arrays import Damaged
from rmexp.dialogue import Dialogue, Message, Turns
from rmexp.durable import whole_file
from rmexp.record_file import Kept, RecordFile, record_in

SUFFIX = ".records"
NEIGHBOURS = 256  # records that are compressed together: of one alone, all of them are unpacked
_AT_ONCE = 1 << 20  # bytes


class KeptCopy:
    """Records of a file that `keep_copy` has left.

    Args:
        path: of the file; its name is its checksum.
        records: that are in it.
        ends: (blocks + 1,) of its blocks.

    Raises:
        Damaged: its checksum is another; it is removed.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path, records: int, ends: NDArray[np.int64]) -> None:
        self._file, digest = path.open("rb"), sha256()
        while block := self._file.read(_AT_ONCE):
            digest.update(block)
        if _name(digest.hexdigest()) != path.name:
            path.unlink()
            raise Damaged(f"{path} is damaged: its checksum is not that of its content")
        self._records, self._ends = records, ends
        self._last: tuple[int, list[Kept]] = -1, []  # the block that was looked at last, and its records

    def read(self, numbers: Sequence[int]) -> Iterator[Kept]:
        """See `RecordStore`."""
        for number in numbers:
            block, place = divmod(number, NEIGHBOURS)
            if self._last[0] != block:
                self._last = block, self._unpacked(block)
            yield self._last[1][place]

    def _unpacked(self, block: int) -> list[Kept]:
        start, end = self._ends[block : block + 2].tolist()
        content = memoryview(zlib.decompress(os.pread(self._file.fileno(), end - start, start)))
        count = min(NEIGHBOURS, self._records - block * NEIGHBOURS)
        ends = np.frombuffer(content[: 4 * count], np.uint32).tolist()
        records = content[4 * count :]
        return [record_in(records[start:end], load) for start, end in pairwise([0, *ends])]

    def __len__(self) -> int:
        return self._records


def keep_copy(records: RecordFile, folder: Path) -> tuple[str, NDArray[np.int64]]:
    """Leave a copy in a folder; its name, and the ends of its blocks."""
    digest, ends = sha256(), [0]
    part = folder / f"{os.getpid()}{SUFFIX}.part"
    with whole_file(part) as file:
        for first in range(0, len(records), NEIGHBOURS):
            some = first, min(first + NEIGHBOURS, len(records))
            block = zlib.compress(records.ends(*some).astype(np.uint32).tobytes() + records.content(*some), 1)
            digest.update(block)
            file.write(block)
            ends.append(ends[-1] + len(block))
    name = _name(digest.hexdigest())
    part.replace(folder / name)
    return name, np.array(ends, np.int64)


def _name(digest: str) -> str:
    return f"{digest[:32]}{SUFFIX}"


class _Unpickler(pickle.Unpickler):
    """Makes nothing but what records are made of: others may write into the folder that a file is kept in."""

    def find_class(self, module: str, name: str) -> Any:
        """One of the classes."""
        found = {(kind.__module__, kind.__name__): kind for kind in (Message, Dialogue, Turns)}.get((module, name))
        if found is None:
            raise pickle.UnpicklingError(f"expected records, got {module}.{name}")
        return found


def load(content: memoryview) -> Any:
    """What was pickled, of records alone.

    Raises:
        UnpicklingError: it is something else.
    """
    return _Unpickler(BytesIO(content)).load()
