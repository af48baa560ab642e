"""Encoded responses on disk, so that the same text is tokenised once for all runs that share a folder."""

import hashlib
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rmexp.checked_arrays import Damaged, read_arrays, write_arrays
from rmexp.durable import alone
from rmexp.encoding.encoded import WholeTokens

log = logging.getLogger(__name__)


def encoded_once(folder: str, state: Any, encode: Callable[[], WholeTokens]) -> WholeTokens:
    """What was encoded, as a file keeps it; processes that want the same wait for the one that encodes it.

    Args:
        folder: of the files; they may be deleted at any time.
        state: plain data: all that decides the ids.
        encode: gives them, where there is no file yet.
    """
    digest = hashlib.sha256(json.dumps(state, sort_keys=True, default=str).encode())
    path = Path(folder) / f"{digest.hexdigest()[:32]}.tokens"
    with alone(path.with_suffix(".lock")):
        whole = _read(path)
        if whole is None:
            write_arrays(path, encode()._asdict())
            whole = _read(path)
    assert whole is not None
    return whole


def _read(path: Path) -> WholeTokens | None:
    """What a file keeps; None where there is no file, or a damaged one, which is said."""
    if not path.is_file():
        return None
    try:
        return WholeTokens(**read_arrays(path))
    except (Damaged, OSError) as error:
        log.warning("%s; its texts are encoded again", error)
        return None
