"""The whole tokens of records: as a file keeps them, so that the same text is tokenised once for all runs that share a
folder, else encoded, side by side where they are many.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from rmexp.checked_arrays import Damaged, read_arrays, write_arrays
from rmexp.durable import alone
from rmexp.encoding.encoded import Item, WholeTokens, items_of, joined
from rmexp.encoding.rendering import rows_named
from rmexp.encoding.tokenizer_identity import tokenizer_fields
from rmexp.hardware.side_by_side import side_by_side
from rmexp.phases import Phase, phase
from rmexp.records import Preference, Record
from rmexp.stored_records import StoredRecords, texts_digest

log = logging.getLogger(__name__)

Encode = Callable[[Iterable[Item]], WholeTokens]
SEVERAL = 8192  # pairs that are worth several processes
FIRST = 512  # of them, encoded before the others: all processes know what was found out
PART = 1024  # pairs that one of them encodes at once

_PARTS = (
    *("encode.py", "frames.py", "marked_text.py", "parted_text.py", "pinned_date.py", "rendering.py", "side_tokens.py"),
    *("token_rows.py", "engines/engine.py", "engines/joined.py", "engines/words.py"),
)
CODE = tuple(Path(__file__).parent / name for name in _PARTS)  # what decides the ids


def tokens_of_records(records: Sequence[Record], encode: Encode, tokenizer: Any, cache_dir: str | None) -> WholeTokens:
    """All responses of all records, in order, before anything is cut.

    Args:
        records: whose prompts and responses are encoded.
        encode: encodes some of them.
        tokenizer: that it does so with.
        cache_dir: folder of files that keep them, which may be deleted at any time; None keeps none.

    Raises:
        ValueError: the chat template refuses one.
    """
    with phase(Phase.ENCODING, f"{len(records):,} records"), rows_named(records):
        if cache_dir is None or not records:
            return _encoded(records, encode)
        code = [hashlib.sha256(path.read_bytes()).hexdigest() for path in CODE]
        state = (code, tokenizer_fields(tokenizer), tokenizer.special_tokens_map, texts_digest(records))
        digest = hashlib.sha256(json.dumps(state, sort_keys=True, default=str).encode())
        path = Path(cache_dir) / f"{digest.hexdigest()[:32]}.tokens"
        with alone(path.with_suffix(".lock")):  # processes that want the same wait for the one that encodes it
            whole = _read(path)
            if whole is None:
                write_arrays(path, _encoded(records, encode)._asdict())
                whole = _read(path)
    assert whole is not None
    return whole


def _encoded(records: Sequence[Record], encode: Encode) -> WholeTokens:
    """Encoded now; many pairs side by side."""
    if len(records) < SEVERAL or not isinstance(records, StoredRecords) or not isinstance(records[0], Preference):
        return encode(items_of(records))
    bounds = [0, *range(FIRST, len(records), PART), len(records)]
    first, *others = map(slice, bounds, bounds[1:])
    begun = encode(items_of(records[first]))
    return joined(begun, side_by_side(lambda part: encode(items_of(records[part])), others))


def _read(path: Path) -> WholeTokens | None:
    """What a file keeps; None where there is no file, or a damaged one, which is said."""
    if not path.is_file():
        return None
    try:
        return WholeTokens(**read_arrays(path))
    except (Damaged, OSError) as error:
        log.warning("%s; its texts are encoded again", error)
        return None
