"""What a tokenizer is: fingerprints of all that turns text into ids."""

import hashlib
import json
from typing import Any


def tokenizer_fields(tokenizer: Any) -> dict[str, Any]:
    """Fingerprints of tokenizer and chat template, and the ids of its special tokens."""
    template = tokenizer.chat_template
    return {
        "tokenizer": tokenizer_fingerprint(tokenizer),
        "chat_template": _digest(json.dumps(template, sort_keys=True)) if template else None,
        "bos": tokenizer.bos_token_id,
        "eos": tokenizer.eos_token_id,
        "pad": tokenizer.pad_token_id,
    }


def tokenizer_fingerprint(tokenizer: Any) -> str:
    """SHA-256 of everything that turns text into ids, as 16 hexadecimal digits."""
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    state.pop("padding", None)  # how the last call was made, not what the tokenizer is
    state.pop("truncation", None)
    return _digest(json.dumps(state, sort_keys=True))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
