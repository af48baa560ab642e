"""Texts made alike where they differ only in writing, and the text by which a record is known."""

import hashlib
import unicodedata

from rmexp.dialogue import turns_of
from rmexp.records import Prompt, Record, prompt_text

_LONG, _MARKS = 5000, 30  # characters, and marks on one of them that text in any language has at most
_MEANT = frozenset("#%&*-/@\\")  # `C#` is not `C`, nor `5-3` the same as `5*3`


class _Table(dict[int, str]):
    """A translation table that learns the characters it meets: punctuation becomes a space."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        punctuation = unicodedata.category(character)[0] == "P" and character not in _MEANT
        self[code] = " " if punctuation else character
        return self[code]


_TABLE = _Table()
_ASCII = bytes(ord(_TABLE[code]) for code in range(128)) + bytes(128)  # the same for bytes, which is much faster


def normalised(text: str) -> str:
    r"""A text without what writing alone decides: NFKC form, case, white space, punctuation.

    Signs that carry meaning in code and arithmetic stay; of a text of nothing but punctuation all of it stays.

    >>> normalised("  What's\nthe TIME?"), normalised("C#!"), normalised("?!")
    ('what s the time', 'c#', '?!')
    """
    if text.isascii():
        folded = text.lower()
        spaced = folded.encode().translate(_ASCII).decode()
    else:
        folded = unicodedata.normalize("NFKC", _stream_safe(text)).casefold()
        spaced = folded.translate(_TABLE)
    return " ".join(spaced.split()) or " ".join(folded.split())


def _stream_safe(text: str) -> str:
    """A long text with runs of marks on one letter parted: sorting thousands of them takes minutes.

    Source: the stream-safe text format of Unicode Standard Annex 15, section 13.
    """
    if len(text) < _LONG:
        return text
    parted, run = list[str](), 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run > _MARKS:
            parted.append("\u034f")
            run = 1
        parted.append(character)
    return "".join(parted)


def text_key(text: str) -> int:
    """A hash of 64 bits that a text has in every process: two texts of one key are one text."""
    return int.from_bytes(hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest(), "little")


def known_by(record: Record) -> str:
    r"""The text that tells records apart: the prompt, or all responses where the prompt is empty and says nothing.

    >>> from rmexp.records import Preference
    >>> known_by(Preference("", "b", "a"))
    'a\nb'
    """
    return "\n".join(sorted(record.responses)) if empty(record.prompt) else prompt_text(record.prompt)


def empty(prompt: Prompt) -> bool:
    """Whether a prompt has no text at all, in any of its turns."""
    if isinstance(prompt, str):
        return not prompt or prompt.isspace()
    return not any(turn.content.strip() for turn in turns_of(prompt))
