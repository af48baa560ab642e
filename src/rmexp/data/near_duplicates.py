"""Texts that are nearly the same: candidates by MinHash, each of them verified by its true similarity."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SHINGLE = 3  # words in a row: two short questions about different things share few of them
PERMUTATIONS = 128
RECALL = 0.99  # of the pairs that are exactly as similar as asked for
_MOST_TRIED = 32  # texts of one bucket that a text is compared with
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
    """The word shingles of many texts, one after the other.

    Attributes:
        hashes: of all shingles.
        offsets: of each text's first one, and the end.
    """

    hashes: Hashes
    offsets: NDArray[np.int64]

    def of(self, index: int) -> set[int]:
        """The shingles of one text."""
        return set(self.hashes[self.offsets[index] : self.offsets[index + 1]].tolist())


def near_duplicates(texts: Sequence[str], others: Sequence[str], similarity: float) -> list[Match]:
    """For each text one of the others that is at least as similar as asked for, where there is any.

    Texts are sets of shingles of three words in a row (of all words where there are fewer; in scripts without spaces a
    character counts as a word). Shingles that more than half of all texts have, such as a system prompt, tell
    nothing apart and are left out. What is reported is verified; of pairs exactly at the threshold 1 % are missed.

    Args:
        texts: normalised.
        others: normalised.
        similarity: Jaccard similarity in (0, 1].

    Source: Broder 1997, "On the resemblance and containment of documents"; bands as in Leskovec, Rajaraman and
        Ullman, "Mining of Massive Datasets", section 3.4.
    """
    if not texts or not others:
        return []
    shingled = _without_boilerplate(_shingled([*texts, *others]))
    signatures = _signatures(shingled)
    rows = _rows_of_a_band(similarity)
    found: dict[int, Match] = {}
    for band in range(0, PERMUTATIONS - rows + 1, rows):
        for index, other in _candidates(signatures[:, band : band + rows], len(texts), signatures, similarity, found):
            truth = jaccard(shingled.of(index), shingled.of(len(texts) + other))
            if truth >= similarity:
                found.setdefault(index, Match(index, other, truth))
    return [found[index] for index in sorted(found)]


def jaccard(first: set[int], second: set[int]) -> float:
    """Shared part of two sets; 0 where both are empty.

    >>> jaccard({1, 2, 3}, {2, 3, 4})
    0.5
    """
    union = len(first | second)
    return len(first & second) / union if union else 0.0


def _shingled(texts: Sequence[str]) -> Shingled:
    numbers: defaultdict[str, int] = defaultdict(count(1).__next__)  # no hash of str: that differs between processes
    words: list[int] = []
    ends = []
    for text in texts:
        spaced = text if text.isascii() else _NO_SPACES.sub(r" \1 ", text)
        words.extend([numbers[word] for word in spaced.split()])
        ends.append(len(words))
    ids = np.array(words, dtype=np.uint64)
    offsets = np.array([0, *ends], dtype=np.int64)
    lengths = np.diff(offsets)
    mixed = _mixed(np.concatenate([ids, np.zeros(SHINGLE, dtype=np.uint64)]))
    hashes = np.zeros(len(ids), dtype=np.uint64)
    left = np.repeat(offsets[1:], lengths) - np.arange(len(ids))  # words to the end of the text, this one included
    for step in range(SHINGLE):
        within = left > step
        hashes[within] += mixed[step : step + len(ids)][within] * np.uint64(2 * step + 3)
    first = np.arange(len(ids)) == np.repeat(offsets[:-1], lengths)
    kept = (left >= SHINGLE) | first  # a short text is one shingle
    counts = np.concatenate([[0], np.cumsum(kept)])
    return Shingled(_mixed(hashes[kept]), counts[offsets])


def _mixed(values: Hashes) -> Hashes:
    """Well-spread 64-bit hashes (the finalizer of splitmix64)."""
    values = (values + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _without_boilerplate(shingled: Shingled) -> Shingled:
    texts = len(shingled.offsets) - 1
    if texts < 20:  # half of a handful says nothing
        return shingled
    sample = np.unique(np.linspace(0, texts - 1, min(texts, _SAMPLE)).astype(int))
    seen = np.concatenate([np.fromiter(shingled.of(index), dtype=np.uint64) for index in sample])
    values, frequency = np.unique(seen, return_counts=True)
    shared = values[frequency > len(sample) / 2]
    if not len(shared):
        return shingled
    kept = ~np.isin(shingled.hashes, shared)
    counts = np.concatenate([[0], np.cumsum(kept)])
    return Shingled(shingled.hashes[kept], counts[shingled.offsets])


def _signatures(shingled: Shingled) -> NDArray[np.uint32]:
    from rensa import RMinHash

    matrix: Any = RMinHash.digest_matrix_from_flat_token_hashes(
        shingled.hashes, shingled.offsets.astype(np.uint64), num_perm=PERMUTATIONS, seed=0
    )
    rows = np.array(matrix.to_rows(), dtype=np.uint32)
    empty = np.diff(shingled.offsets) == 0
    rows[empty] = np.arange(empty.sum(), dtype=np.uint32)[:, None]  # texts without a shingle are like none other
    return rows


def _rows_of_a_band(similarity: float) -> int:
    """The longest band that still finds `RECALL` of the pairs at the threshold."""
    return max(
        rows
        for rows in range(1, PERMUTATIONS + 1)
        if rows == 1 or 1 - (1 - similarity**rows) ** (PERMUTATIONS // rows) >= RECALL
    )


def _candidates(
    band: NDArray[np.uint32],
    texts: int,
    signatures: NDArray[np.uint32],
    similarity: float,
    found: dict[int, Match],
) -> Iterator[tuple[int, int]]:
    """Texts without a match yet and others of the same bucket, where their signatures are similar enough for a look."""
    keys = np.zeros(len(band), dtype=np.uint64)
    for column in band.T:
        keys = _mixed(keys ^ column)
    order = np.argsort(keys[texts:], kind="stable")
    buckets = keys[texts:][order]
    open_ = np.setdiff1d(np.arange(texts), np.fromiter(found, dtype=np.int64))
    start, end = (np.searchsorted(buckets, keys[open_], side=side) for side in ("left", "right"))
    enough = similarity - 4 * np.sqrt(similarity * (1 - similarity) / PERMUTATIONS)
    for rank in range(_MOST_TRIED):
        some = np.flatnonzero(start + rank < end)
        some = some[[index not in found for index in open_[some].tolist()]] if len(some) else some
        if not len(some):
            return
        left, right = open_[some], order[start[some] + rank]
        estimate = (signatures[left] == signatures[texts + right]).mean(axis=1)
        likely = estimate >= enough
        yield from zip(left[likely].tolist(), right[likely].tolist(), strict=True)
