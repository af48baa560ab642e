"""A byte-pair tokenizer word by word: each word is tokenised once, and looked up from then on.

Where a tokenizer parts every text before a space that stands behind something else than white space, before it looks
for pairs, the tokens of a text are those of its words. That is known of the patterns below, and of no other.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rmexp.encoding.token_rows import TokenRows, ends_of

Engine = Callable[[Sequence[str]], TokenRows]  # ids of each text, without special tokens around it

MOST_WORDS = 1 << 17  # that are remembered
LONGEST = 64  # characters of a word that is remembered
TRIED = 50_000  # new words, after which at most this share of all words may be new, or nothing is gained
NEW = 0.25

_LETTERS = r"[^\r\n\p{L}\p{N}]?\p{L}+"
_SIGNS = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_SHORT = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
PATTERNS = {
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",  # GPT-2
    *(rf"{_SHORT}|{_LETTERS}|{digits}|{_SIGNS}" for digits in (r"\p{N}{1,3}", r"\p{N}")),  # Llama 3, Qwen 2
}

_ODD = re.compile(r"\s ")  # a space behind other white space
_BETWEEN = re.compile(r"(?<=\S) ")
_SPACE = re.compile(r"\s")


def parts_before_spaces(backend: Any) -> bool:
    """Whether a tokenizer is known to part each text so.

    Args:
        backend: of `tokenizers`.
    """
    state = json.loads(backend.to_str())
    if state["model"]["type"] != "BPE" or state["model"].get("dropout"):
        return False
    if (state["normalizer"] or {}).get("type", "NFC") != "NFC":
        return False
    around = ("lstrip", "rstrip", "single_word")
    if any(any(map(token.get, around)) or _SPACE.search(token["content"]) for token in state["added_tokens"]):
        return False
    steps = state["pre_tokenizer"] or {}
    steps = steps.get("pretokenizers", [steps])
    return bool(steps) and _parts(steps[0]) and all(map(_only_bytes, steps[1:]))


def _parts(step: dict[str, Any]) -> bool:
    if step.get("type") == "ByteLevel":
        return bool(step.get("use_regex", True))
    pattern = step.get("pattern", {}).get("Regex")
    return step.get("type") == "Split" and pattern in PATTERNS and step["behavior"] == "Isolated" and not step["invert"]


def _only_bytes(step: dict[str, Any]) -> bool:
    return step.get("type") == "ByteLevel" and not step.get("use_regex", True) and not step["add_prefix_space"]


class Words:
    """Tokenises word by word, as long as words come again.

    Args:
        backend: a tokenizer of `tokenizers` that `parts_before_spaces`.
        own: tokenises texts as a whole.
    """

    def __init__(self, backend: Any, own: Engine) -> None:
        self._own = own
        self._first, self._others = _Known(backend, ""), _Known(backend, " ")
        self._words = 0  # that were looked up

    def __call__(self, texts: Sequence[str]) -> TokenRows:
        """Ids of each text."""
        new = self._first.new + self._others.new
        if new > TRIED and new > NEW * self._words:
            return self._own(texts)
        found = list(map(self._bytes, texts))
        size = np.dtype(np.uint32).itemsize
        return TokenRows(
            np.frombuffer(b"".join(found), np.uint32), ends_of((len(ids) // size for ids in found), len(found))
        )

    def _bytes(self, text: str) -> bytes:
        first, *others = _BETWEEN.split(text) if _ODD.search(text) else text.split(" ")
        self._words += 1 + len(others)
        return self._first[first] + b"".join(map(self._others.__getitem__, others))


class _Known(dict[str, bytes]):
    """Ids of words, as the bytes of an array; they are looked up where they are not known.

    Args:
        backend: of `tokenizers`.
        before: each word.
    """

    def __init__(self, backend: Any, before: str) -> None:
        self._backend, self._before, self.new = backend, before, 0

    def __missing__(self, word: str) -> bytes:
        ids = self._backend.encode(self._before + word, add_special_tokens=False).ids
        found = np.array(ids, np.uint32).tobytes()
        self.new += 1
        if len(word) <= LONGEST and len(self) < MOST_WORDS:
            self[word] = found
        return found
