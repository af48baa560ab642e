"""Texts that are nearly the same: candidates by their rarest shingles, each of them verified by its true similarity."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

SHINGLE = 3  # words in a row: two short questions about different things share few of them
_AT_ONCE = 20_000  # texts
_MOST_TRIED = 32  # others with one shingle that a text is compared with
_SAMPLE = 1000  # texts that tell what all have in common
_NO_SPACES = re.compile("([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])")

Hashes = NDArray[np.uint64]


class Match(NamedTuple):
    """A text and one that is nearly the same.

    Attributes:
        text: its index.
        other: index of the other one, among the others.
        similarity: true Jaccard similarity of their shingles.
    """

    text: int
    other: int
    similarity: float


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


def near_duplicates(texts: Iterable[str], others: Iterable[str], similarity: float) -> list[Match]:
    """For each text one of the others that is at least as similar as asked for, where there is any.

    Texts are sets of shingles of three words in a row (of all words where there are fewer; in scripts without spaces a
    character counts as a word). Shingles that more than half of all texts have, such as a system prompt, tell
    nothing apart and are left out. Two sets that are similar enough share one of the rarest shingles of each: of the
    others that have such a shingle, 32 at most are looked at.

    Args:
        texts: normalised.
        others: normalised.
        similarity: Jaccard similarity in (0, 1].

    Source: Chaudhuri, Ganti and Kaushik 2006, "A primitive operator for similarity joins in data cleaning" (prefix
        filter); Broder 1997, "On the resemblance and containment of documents".
    """
    first, second = _without_boilerplate(_shingled(texts), _shingled(others))
    order = np.argsort(second.hashes, kind="stable")
    known, owner = second.hashes[order], np.repeat(np.arange(len(second)), np.diff(second.offsets))[order]
    found = (_match(index, first, second, known, owner, similarity) for index in _likely(first, known, similarity))
    return [match for match in found if match is not None]


def jaccard(first: set[int], second: set[int]) -> float:
    """Shared part of two sets; 0 where both are empty.

    >>> jaccard({1, 2, 3}, {2, 3, 4})
    0.5
    """
    union = len(first | second)
    return len(first & second) / union if union else 0.0


def _likely(texts: Shingled, known: NDArray[np.uint32], similarity: float) -> Iterator[int]:
    """Texts of whose shingles enough may occur somewhere among the others."""
    bits = max(16, math.ceil(math.log2(len(known) + 1)) + 3)
    mask = np.uint32((1 << min(bits, 32)) - 1)
    table = np.zeros(int(mask) + 1, bool)
    table[known & mask] = True
    for start in range(0, len(texts), _AT_ONCE):
        offsets = texts.offsets[start : start + _AT_ONCE + 1]
        counts = np.concatenate([[0], np.cumsum(table[texts.hashes[offsets[0] : offsets[-1]] & mask])])
        hits, lengths = np.diff(counts[offsets - offsets[0]]), np.diff(offsets)
        yield from (start + np.flatnonzero((hits >= similarity * lengths) & (lengths > 0))).tolist()


def _match(
    index: int,
    texts: Shingled,
    others: Shingled,
    known: NDArray[np.uint32],
    owner: NDArray[np.int64],
    similarity: float,
) -> Match | None:
    """The first of the others that is similar enough to a text; `owner` has each shingle of theirs, `known`."""
    shingles = texts.of(index)
    start, end = (np.searchsorted(known, shingles, side=side) for side in ("left", "right"))
    shared = math.ceil(similarity * len(shingles) - 1e-9)  # at least, with a set that is similar enough
    if (start < end).sum() < shared:
        return None
    rarest = np.argsort(end - start, kind="stable")[: len(shingles) - shared + 1]
    tried = [owner[start[place] : min(end[place], start[place] + _MOST_TRIED)] for place in rarest]
    mine = set(shingles.tolist())
    for other in np.unique(np.concatenate(tried)).tolist():
        theirs = others.of(other)
        if min(len(theirs), len(mine)) < similarity * max(len(theirs), len(mine)) - 1e-9:
            continue
        truth = jaccard(mine, set(theirs.tolist()))
        if truth >= similarity:
            return Match(index, other, truth)
    return None


def _shingled(texts: Iterable[str]) -> Shingled:
    hashes, sizes = [np.empty(0, np.uint32)], [np.zeros(1, np.int64)]
    texts = iter(texts)
    while some := list(islice(texts, _AT_ONCE)):
        part, counts = _shingles_of(some)
        hashes.append(part)
        sizes.append(counts)
    return Shingled(np.concatenate(hashes), np.cumsum(np.concatenate(sizes)))


def _shingles_of(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Hashes of the shingles of texts, and how many each text has."""
    words: list[int] = []
    ends = [0]
    for text in texts:
        spaced = text if text.isascii() else _NO_SPACES.sub(r" \1 ", text)
        words.extend(
            map(crc32, spaced.encode(errors="surrogatepass").split())
        )  # no hash of str: that differs by process
        ends.append(len(words))
    ids, offsets = np.array(words, dtype=np.uint64), np.array(ends, dtype=np.int64)
    lengths = np.diff(offsets)
    mixed = _mixed(np.concatenate([ids, np.zeros(SHINGLE, dtype=np.uint64)]))
    hashes = np.zeros(len(ids), dtype=np.uint64)
    left = np.repeat(offsets[1:], lengths) - np.arange(len(ids))  # words to the end of the text, this one included
    for step in range(SHINGLE):
        within = left > step
        hashes[within] += mixed[step : step + len(ids)][within] * np.uint64(2 * step + 3)
    kept = (left >= SHINGLE) | (np.arange(len(ids)) == np.repeat(offsets[:-1], lengths))  # a short text is one shingle
    text = np.repeat(np.arange(len(texts), dtype=np.uint64), lengths)[kept]
    keys = np.sort((text << np.uint64(32)) | (_mixed(hashes[kept]) >> np.uint64(32)))
    new = np.ones(len(keys), bool)
    new[1:] = keys[1:] != keys[:-1]
    keys = keys[new]  # `np.unique` would hash them first, which is slower
    return keys.astype(np.uint32), np.bincount((keys >> np.uint64(32)).astype(np.int64), minlength=len(texts))


def _mixed(values: Hashes) -> Hashes:
    """Well-spread 64-bit hashes (the finalizer of splitmix64)."""
    values = (values + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _without_boilerplate(texts: Shingled, others: Shingled) -> tuple[Shingled, Shingled]:
    total = len(texts) + len(others)
    if total < 20:  # half of a handful says nothing
        return texts, others
    sample = np.unique(np.linspace(0, total - 1, min(total, _SAMPLE)).astype(int)).tolist()
    seen = [texts.of(place) if place < len(texts) else others.of(place - len(texts)) for place in sample]
    values, frequency = np.unique(np.concatenate(seen), return_counts=True)
    shared = values[frequency > len(sample) / 2]
    return (texts.without(shared), others.without(shared)) if len(shared) else (texts, others)
