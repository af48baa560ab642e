"""Texts that are nearly the same: candidates by their rarest shingles, each of them verified by its true similarity."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rmexp.data.leaks.shingles import Shingled

_AT_ONCE = 20_000  # texts
_MOST_TRIED = 32  # others with one shingle that a text is compared with
_SAMPLE = 1000  # texts that tell what all have in common


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


def near_duplicates(texts: Shingled, others: Shingled, similarity: float) -> list[Match]:
    """For each text one of the others that is at least as similar as asked for, where there is any.

    Texts are sets of shingles. Those that more than half of all texts have, such as a system prompt, tell nothing apart
    and are left out. Two sets that are similar enough share one of the rarest shingles of each: of the
    others that have such a shingle, 32 at most are looked at.

    Args:
        texts: shingles of normalised ones.
        others: likewise.
        similarity: Jaccard similarity in (0, 1].

    Source: Chaudhuri, Ganti and Kaushik 2006, "A primitive operator for similarity joins in data cleaning" (prefix
        filter); Broder 1997, "On the resemblance and containment of documents".
    """
    first, second = _without_boilerplate(texts, others)
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
        yield from (start + np.flatnonzero((hits >= similarity * lengths - 1e-9) & (lengths > 0))).tolist()


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


def _without_boilerplate(texts: Shingled, others: Shingled) -> tuple[Shingled, Shingled]:
    total = len(texts) + len(others)
    if total < 20:  # half of a handful says nothing
        return texts, others
    sample = np.unique(np.linspace(0, total - 1, min(total, _SAMPLE)).astype(int)).tolist()
    seen = [texts.of(place) if place < len(texts) else others.of(place - len(texts)) for place in sample]
    values, frequency = np.unique(np.concatenate(seen), return_counts=True)
    shared = values[frequency > len(sample) / 2]
    return (texts.without(shared), others.without(shared)) if len(shared) else (texts, others)
