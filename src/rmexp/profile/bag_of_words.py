"""What a pair's responses differ in, as features: words, length, first token."""

from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count, islice

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from rmexp.data.normalised import normalised
from rmexp.data.text_measures import first_word
from rmexp.profile.pair_texts import PairTexts
from rmexp.records import prompt_text

FEWEST = 3  # pairs that differ in a word, for the word to count
MOST_WORDS = 50_000
_AT_ONCE = 8192  # pairs


def word_differences(texts: PairTexts) -> csr_array:
    """(N, F) roots of the counts of words, first response minus second, of words in which enough pairs differ.

    Roots, since the tenth time that a word occurs says less than the first. Words stand in the order in which they
    first occur in prompts and responses.
    """
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    columns, values, ends = array("i"), array("f"), array("q", [0])  # they grow in place
    rows, pairs = _numbered(texts, numbers), np.zeros(0, np.int64)
    while some := list(islice(rows, 2 * _AT_ONCE)):
        roots = word_counts(some, len(numbers)).sqrt()
        part = csr_array(roots[0::2] - roots[1::2])
        part.eliminate_zeros()
        ends.extend((ends[-1] + part.indptr[1:]).tolist())
        columns.frombytes(part.indices.astype(np.intc, copy=False).tobytes())
        values.frombytes(part.data.astype(np.float32, copy=False).tobytes())
        pairs = np.pad(pairs, (0, len(numbers) - len(pairs))) + np.bincount(part.indices, minlength=len(numbers))
    kept = np.flatnonzero(pairs >= FEWEST)
    if len(kept) > MOST_WORDS:
        kept = np.sort(kept[np.argsort(-pairs[kept], kind="stable")[:MOST_WORDS]])
    entries = _kept(kept, len(numbers), columns, values, ends)
    del columns[entries:], values[entries:]
    arrays = (np.frombuffer(values, np.float32), np.frombuffer(columns, np.intc), np.frombuffer(ends, np.int64))
    return csr_array(arrays, shape=(len(ends) - 1, len(kept)))


def _kept(
    kept: NDArray[np.int64], words: int, columns: "array[int]", values: "array[float]", ends: "array[int]"
) -> int:
    """How many entries of a sparse matrix are left without its other columns, which go where it lies, in parts."""
    number = np.full(words, -1, np.intc)
    number[kept] = np.arange(len(kept))
    indices, data, indptr = (np.frombuffer(each, each.typecode) for each in (columns, values, ends))
    start = done = 0
    for row in range(1, len(indptr), _AT_ONCE):
        stops = indptr[row : row + _AT_ONCE]
        stop = int(stops[-1])
        renumbered = number[indices[start:stop]]
        there = renumbered >= 0
        before = np.concatenate([[0], there.cumsum()])
        left = slice(done, done + int(before[-1]))
        indices[left], data[left] = renumbered[there], data[start:stop][there]
        stops[:] = done + before[stops - start]
        start, done = stop, left.stop
    return done


def _numbered(texts: PairTexts, numbers: defaultdict[str, int]) -> Iterator[list[int]]:
    """The numbers of the words of the first response, of the second, of the next first one, and so on."""
    for record, unmet in zip(texts.texts.records, texts.texts.first[::3].tolist(), strict=True):
        if unmet:
            for word in normalised(prompt_text(record.prompt)).split():
                numbers[word]
        for response in record.responses:
            yield [numbers[word] for word in normalised(response).split()]


def word_counts(rows: Sequence[Sequence[int]], words: int) -> csr_array:
    """(R, V) how often each of V words occurs in each row of their numbers."""
    columns, ends = array("i"), array("q", [0])
    for row in rows:
        columns.extend(row)
        ends.append(len(columns))
    indices = np.frombuffer(columns, dtype=np.int32) if columns else np.zeros(0, dtype=np.int32)
    ones = np.ones(len(indices), dtype=np.float32)
    counts = csr_array((ones, indices, np.frombuffer(ends, dtype=np.int64)), shape=(len(rows), words))
    counts.sum_duplicates()
    return counts


def add_length(differences: csr_array, texts: PairTexts) -> None:
    """A last feature: the difference of the logarithms of the lengths in characters.

    Args:
        differences: (N, F), (N, F + 1) afterwards; one of its arrays is there twice at a time.
        texts: of the pairs.
    """
    length, (rows, words) = length_difference(texts), differences.shape
    there = length != 0
    ends = differences.indptr[1:][there]
    differences.indices = np.insert(differences.indices, ends, words)
    differences.data = np.insert(differences.data, ends, length[there])
    differences.indptr = (differences.indptr + np.concatenate([[0], there.cumsum()])).astype(differences.indptr.dtype)
    differences.resize(rows, words + 1)


def length_difference(texts: PairTexts) -> NDArray[np.float32]:
    """(N,) logarithm of the first response's length in characters minus that of the second."""
    sides = texts.sides(np.log1p(texts.each(len)))
    difference: NDArray[np.float32] = (sides[:, 0] - sides[:, 1]).astype(np.float32)
    return difference


def first_word_differences(texts: PairTexts) -> csr_array:
    """(N, T) 1 at the first word of the first response, -1 at that of the second; nothing where they are equal."""
    n = len(texts)
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    first = np.fromiter((numbers[" ".join(first_word(text))] for text in texts.texts), np.int64, len(texts.texts))
    rows, columns = np.tile(np.arange(n), 2), np.concatenate([first[texts.chosen], first[texts.rejected]])
    values = np.repeat(np.array([1.0, -1.0], dtype=np.float32), n)
    result = csr_array((values, (rows, columns)), shape=(n, int(columns.max(initial=0)) + 1))
    result.eliminate_zeros()
    return result
