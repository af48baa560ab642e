"""Encoded responses on disk, so that the same text is tokenised once for all runs that share a folder."""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from rmexp.checked_arrays import Damaged, read_arrays, write_arrays
from rmexp.encoding.encoded import WholeTokens

log = logging.getLogger(__name__)


def cache_file(folder: str, state: Any) -> Path:
    """Where an encoding is kept.

    Args:
        folder: of the files; they may be deleted at any time.
        state: plain data: all that decides the ids.
    """
    digest = hashlib.sha256(json.dumps(state, sort_keys=True, default=str).encode())
    return Path(folder) / f"{digest.hexdigest()[:32]}.tokens"


def write_encoded(path: Path, whole: WholeTokens) -> None:
    """Write what was encoded."""
    write_arrays(path, whole._asdict())


def read_encoded(path: Path) -> WholeTokens | None:
    """What a file keeps; None where there is no file, or a damaged one, which is said."""
    if not path.is_file():
        return None
    try:
        return WholeTokens(**read_arrays(path))
    except (Damaged, OSError) as error:
        log.warning("%s; its texts are encoded again", error)
        return None
