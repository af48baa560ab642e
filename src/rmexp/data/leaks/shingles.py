"""Texts as sets of hashes of a few words in a row."""

import re
from array import array
from collections.abc import Iterable
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

SHINGLE = 3  # words in a row: two short questions about different things share few of them
_NO_SPACES = re.compile("([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])")

Hashes = NDArray[np.uint64]
Shingles = tuple[NDArray[np.uint32], NDArray[np.int64]]  # of some texts, and how many each text has


class Shingled(NamedTuple):
    """The word shingles of many texts, each once a text, one text after the other.

    Attributes:
        hashes: of all shingles.
        offsets: of each text's first one, and the end.
    """

    hashes: NDArray[np.uint32]
    offsets: NDArray[np.int64]

    def of(self, index: int) -> NDArray[np.uint32]:
        """The shingles of one text."""
        return self.hashes[self.offsets[index] : self.offsets[index + 1]]

    def without(self, shared: NDArray[np.uint32]) -> "Shingled":
        """The same without some shingles."""
        counts = np.concatenate([[0], np.cumsum(~np.isin(self.hashes, shared))])
        return Shingled(self.hashes[~np.isin(self.hashes, shared)], counts[self.offsets])

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def joined(cls, parts: Iterable[Shingles]) -> "Shingled":
        """The shingles of some texts and of those behind them, which `shingles_of` gave."""
        hashes, sizes = [np.empty(0, np.uint32)], [np.zeros(1, np.int64)]
        for part, counts in parts:
            hashes.append(part)
            sizes.append(counts)
        return cls(np.concatenate(hashes), np.cumsum(np.concatenate(sizes)))


def shingles_of(texts: Iterable[str]) -> Shingles:
    """Hashes of the shingles of texts, and how many each text has.

    Shingles are three words in a row, or all words where there are fewer; in scripts without spaces a character counts
    as a word.
    """
    words, ends = array("I"), [0]
    for text in texts:
        spaced = text if text.isascii() else _NO_SPACES.sub(r" \1 ", text)
        words.extend(map(crc32, spaced.encode(errors="surrogatepass").split()))  # a hash of str differs by process
        ends.append(len(words))
    ids, offsets = np.frombuffer(words, np.uint32).astype(np.uint64), np.array(ends, dtype=np.int64)
    lengths = np.diff(offsets)
    mixed = _mixed(np.concatenate([ids, np.zeros(SHINGLE, dtype=np.uint64)]))
    hashes = np.zeros(len(ids), dtype=np.uint64)
    left = np.repeat(offsets[1:], lengths) - np.arange(len(ids))  # words to the end of the text, this one included
    for step in range(SHINGLE):
        within = left > step
        hashes[within] += mixed[step : step + len(ids)][within] * np.uint64(2 * step + 3)
    kept = (left >= SHINGLE) | (np.arange(len(ids)) == np.repeat(offsets[:-1], lengths))  # a short text is one shingle
    text = np.repeat(np.arange(len(lengths), dtype=np.uint64), lengths)[kept]
    keys = np.sort((text << np.uint64(32)) | (_mixed(hashes[kept]) >> np.uint64(32)))
    new = np.ones(len(keys), bool)
    new[1:] = keys[1:] != keys[:-1]
    keys = keys[new]  # `np.unique` would hash them first, which is slower
    return keys.astype(np.uint32), np.bincount((keys >> np.uint64(32)).astype(np.int64), minlength=len(lengths))


def _mixed(values: Hashes) -> Hashes:
    """Well-spread 64-bit hashes (the finalizer of splitmix64)."""
    values = (values + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
