"""Encoded responses on disk, so that the same text is tokenised once for all runs that share a folder."""

import hashlib
import json
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmexp.checked_arrays import Damaged, read_arrays, write_arrays

log = logging.getLogger(__name__)

Row = tuple[tuple[int, ...], int, bool]  # token ids, tokens of the prompt, whether anything was cut


def cache_file(folder: str, state: Any, items: Iterable[Any]) -> Path:
    """Where the encoding of `items` is kept.

    Args:
        folder: of the files; they may be deleted at any time.
        state: plain data: all that decides the ids beside the items themselves.
        items: plain data, one for each row.
    """
    digest = hashlib.sha256(json.dumps(state, sort_keys=True, default=str).encode())
    for item in items:
        digest.update(json.dumps(item).encode())
    return Path(folder) / f"{digest.hexdigest()[:32]}.tokens"


def write_encoded(path: Path, rows: Sequence[Row | None]) -> None:
    """Write rows, equal ones once; None stands for one that was too long."""
    distinct = {row: index for index, row in enumerate(dict.fromkeys(row for row in rows if row is not None))}
    flat = np.fromiter((token for ids, _, _ in distinct for token in ids), np.int32)
    arrays: dict[str, NDArray[Any]] = {
        "token_ids": flat,
        "ends": np.cumsum([len(ids) for ids, _, _ in distinct], dtype=np.int64),
        "prompt_tokens": np.array([prompt_tokens for _, prompt_tokens, _ in distinct], np.int32),
        "truncated": np.array([truncated for _, _, truncated in distinct], bool),
        "index": np.array([-1 if row is None else distinct[row] for row in rows], np.int64),
    }
    write_arrays(path, arrays)


def read_encoded(path: Path) -> list[Row | None] | None:
    """The rows of a file; None where there is no file, or a damaged one, which is said."""
    if not path.is_file():
        return None
    try:
        arrays: dict[str, list[Any]] = {name: array.tolist() for name, array in read_arrays(path).items()}
    except (Damaged, OSError) as error:
        log.warning("%s; its texts are encoded again", error)
        return None
    ids, ends = arrays["token_ids"], arrays["ends"]
    starts = [0, *ends[:-1]] if ends else []
    spans = zip(starts, ends, arrays["prompt_tokens"], arrays["truncated"], strict=True)
    distinct = [(tuple(ids[start:end]), prompt_tokens, truncated) for start, end, prompt_tokens, truncated in spans]
    return [None if index < 0 else distinct[index] for index in arrays["index"]]
