"""What digests of records are made of: all that is in them, or their texts alone."""

import json
from json.encoder import encode_basestring as quoted

from rmexp.dialogue import prompt_json, response_json
from rmexp.records import Preference, Record

_ROW = json.JSONEncoder(sort_keys=True, ensure_ascii=False)


def row_content(record: Record) -> bytes:
    """All that is in a record, as fingerprints take it."""
    if type(record) is Preference and type(record.prompt) is type(record.chosen) is type(record.rejected) is str:
        return _text_pair(record).encode()
    return _ROW.encode(record.to_row()).encode() + b"\n"


def _text_pair(pair: Preference) -> str:
    """The same of a pair of texts, written down at once."""
    assert type(pair.prompt) is str
    margin = "" if pair.margin is None else f'"margin": {_ROW.encode(pair.margin)}, '
    meta = f'"meta": {_ROW.encode(dict(pair.meta))}, ' if pair.meta else ""
    target = "" if pair.target == 1 else f', "target": {_ROW.encode(pair.target)}'
    first = f'"chosen": {quoted(pair.chosen)}, "id": {quoted(pair.id)}, {margin}{meta}'
    return f'{{{first}"prompt": {quoted(pair.prompt)}, "rejected": {quoted(pair.rejected)}{target}}}\n'


def texts_content(record: Record) -> bytes:
    """Prompt and responses of a record; the same of none with other ones."""
    if type(record) is Preference and type(record.prompt) is type(record.chosen) is type(record.rejected) is str:
        first, second, third = record.prompt, record.chosen, record.rejected
        content = f"[{len(first)}, {len(second)}, {len(third)}]{first}{second}{third}"
        return content.encode(errors="surrogatepass")
    parts = [prompt_json(record.prompt), *map(response_json, record.responses)]
    texts = [part if isinstance(part, str) else json.dumps(part) for part in parts]
    lengths = [len(text) if text is part else -len(text) for text, part in zip(texts, parts, strict=True)]
    return f"{lengths}{''.join(texts)}".encode(errors="surrogatepass")
