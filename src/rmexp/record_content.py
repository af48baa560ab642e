"""What digests of records are made of: all that is in them, or their texts alone."""

import json

from rmexp.dialogue import prompt_json, response_json
from rmexp.records import Record

_ROW = json.JSONEncoder(sort_keys=True, ensure_ascii=False)


def row_content(record: Record) -> bytes:
    """All that is in a record, as fingerprints take it."""
    return _ROW.encode(record.to_row()).encode() + b"\n"


def texts_content(record: Record) -> bytes:
    """Prompt and responses of a record; the same of none with other ones."""
    parts = [prompt_json(record.prompt), *map(response_json, record.responses)]
    texts = [part if isinstance(part, str) else json.dumps(part) for part in parts]
    lengths = [len(text) if text is part else -len(text) for text, part in zip(texts, parts, strict=True)]
    return f"{lengths}{''.join(texts)}".encode(errors="surrogatepass")
